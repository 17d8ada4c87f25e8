import { defer, finalize, lastValueFrom, NEVER, of } from "rxjs";
import { describe, expect, test } from "vitest";
import { untilAborted } from "../../src/operators/until-aborted.ts";

describe("untilAborted", () => {
  test("fails with the signal's reason and lets go of the source", async () => {
    const abort = new AbortController();
    const reason = new Error("enough");
    let letGo = false;
    const source = NEVER.pipe(
      finalize(() => {
        letGo = true;
      }),
    );
    const running = lastValueFrom(source.pipe(untilAborted(abort.signal)));
    expect(letGo).toBe(false);
    abort.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(letGo).toBe(true);
  });

  test("subscribes to nothing if the signal is aborted already", async () => {
    const reason = new Error("before");
    let subscribed = false;
    const source = defer(() => {
      subscribed = true;
      return of(1);
    });
    const run = lastValueFrom(source.pipe(untilAborted(AbortSignal.abort(reason))));
    await expect(run).rejects.toBe(reason);
    expect(subscribed).toBe(false);
  });

  test("without a signal, or with one that stays quiet, changes nothing", async () => {
    expect(await lastValueFrom(of(1).pipe(untilAborted(undefined)))).toBe(1);
    const { signal } = new AbortController();
    expect(await lastValueFrom(of(1).pipe(untilAborted(signal)))).toBe(1);
  });
});
