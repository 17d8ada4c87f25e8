import { getEventListeners } from "node:events";
import { defer, finalize, lastValueFrom, NEVER, of } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import { describe, expect, test } from "vitest";
import { untilAborted } from "../../../src/operators/flow/until-aborted.ts";

describe("untilAborted", () => {
  test("fails with the signal's reason and unsubscribes from the source", async () => {
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

  test("never subscribes if the signal is aborted already", async () => {
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

  test("changes nothing without a signal or with one that is not aborted", async () => {
    expect(await lastValueFrom(of(1).pipe(untilAborted(undefined)))).toBe(1);
    const { signal } = new AbortController();
    expect(await lastValueFrom(of(1).pipe(untilAborted(signal)))).toBe(1);
  });
});

describe("untilAborted, over marbles", () => {
  const marbles = (run: Parameters<TestScheduler["run"]>[0]): unknown =>
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(run);
  const listeners = (signal: AbortSignal) => getEventListeners(signal, "abort").length;

  test("earlier items pass; then it fails with the reason and unsubscribes", () => {
    const abort = new AbortController();
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      cold("----x").subscribe(() => abort.abort("enough"));
      const source = hot("a-b--c|");
      expectObservable(source.pipe(untilAborted(abort.signal))).toBe("a-b-#", undefined, "enough");
      expectSubscriptions(source.subscriptions).toBe("^---!");
    });
    expect(listeners(abort.signal)).toBe(0);
  });

  test.each([
    ["ends", "a-b|", "a-b|", "^--!"],
    ["fails", "a-#", "a-#", "^-!"],
    ["is unsubscribed from", "a-b-c|", "a-b", "^--!"],
  ])("if it %s, it removes its listener", (how, marble, out, subscribed) => {
    const { signal } = new AbortController();
    marbles(({ hot, flush, expectObservable, expectSubscriptions }) => {
      const source = hot(marble);
      const leaves = how === "is unsubscribed from" ? subscribed : undefined;
      expectObservable(source.pipe(untilAborted(signal)), leaves).toBe(out);
      expectSubscriptions(source.subscriptions).toBe(subscribed);
      expect(listeners(signal)).toBe(0);
      flush();
    });
    expect(listeners(signal)).toBe(0);
  });

  test("one signal stops many streams", () => {
    const abort = new AbortController();
    marbles(({ hot, cold, expectObservable }) => {
      cold("--x").subscribe(() => abort.abort("all of you"));
      for (const marble of ["-a-b|", "---c|"]) {
        expectObservable(hot(marble).pipe(untilAborted(abort.signal))).toBe(
          marble.startsWith("-a") ? "-a#" : "--#",
          undefined,
          "all of you",
        );
      }
    });
  });
});
