import { lastValueFrom } from "rxjs";
import { describe, expect, test, vi } from "vitest";
import { InputError, isDeblurError, StageTimeoutError, TileError } from "../../../src/errors.ts";
import { stage } from "../../../src/operators/stages/stage.ts";
import type { Tile } from "../../../src/operators/stages/tile.ts";
import { turns } from "../fakes.ts";

const tile: Tile = {
  index: 5,
  read: { x: 32, y: 16, width: 64, height: 48 },
  core: { x: 48, y: 32, width: 32, height: 16 },
};
const long = { timeout: 60 };

async function errorOf(promise: Promise<unknown>): Promise<TileError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof TileError)) throw new Error(`expected a TileError, got ${String(error)}`);
  return error;
}

describe("stage", () => {
  test("calls once per subscription and emits the result", async () => {
    let calls = 0;
    const answer = stage("decode", tile, async () => ++calls, long);
    await turns(1);
    expect(calls).toBe(0);
    expect(await lastValueFrom(answer)).toBe(1);
    expect(await lastValueFrom(answer)).toBe(2);
  });

  test("a rejection is a TileError with the read rectangle, the stage and the cause", async () => {
    const cause = new InputError("a.tif", "strip 4 is damaged");
    const error = await errorOf(
      lastValueFrom(stage("decode", tile, () => Promise.reject(cause), long)),
    );
    expect(error.message).toBe("tile 64×48 at (32, 16), stage decode: a.tif: strip 4 is damaged");
    expect(error).toMatchObject({ rect: tile.read, stage: "decode", exitCode: 65 });
    expect(error.cause).toBe(cause);
  });

  test("a synchronous error, or one that is not an Error, is reported in the same way", async () => {
    const thrown = stage(
      "write",
      tile,
      () => {
        throw new Error("at once");
      },
      long,
    );
    expect((await errorOf(lastValueFrom(thrown))).message).toContain("stage write: at once");
    const odd = stage("write", tile, () => Promise.reject("a string"), long);
    expect((await errorOf(lastValueFrom(odd))).message).toContain("stage write: a string");
  });

  test("a TileError passes unchanged", async () => {
    const inner = new TileError({ x: 0, y: 0, width: 1, height: 1 }, "decode", "first");
    const error = await errorOf(
      lastValueFrom(stage("deblur", tile, () => Promise.reject(inner), long)),
    );
    expect(error).toBe(inner);
  });

  test("a timeout is a TileError with the timeout as cause, and aborts the call", async () => {
    let signal: AbortSignal | undefined;
    const hanging = stage(
      "decode-flow",
      tile,
      (given) => {
        signal = given;
        return new Promise<never>(() => {});
      },
      { timeout: 0.01 },
    );
    const error = await errorOf(lastValueFrom(hanging));
    expect(error.message).toContain("stage decode-flow: no answer within 0.01 s");
    expect(error.cause).toBeInstanceOf(StageTimeoutError);
    expect(isDeblurError(error) && error.exitCode).toBe(75);
    expect(signal?.aborted).toBe(true);
  });

  test("the timeout is in seconds", async () => {
    vi.useFakeTimers();
    try {
      const heard: unknown[] = [];
      stage("decode", tile, () => new Promise<never>(() => {}), { timeout: 60 }).subscribe({
        error: (error) => heard.push(error),
      });
      vi.advanceTimersByTime(59_999);
      expect(heard).toEqual([]);
      vi.advanceTimersByTime(1);
      expect(heard.length).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });

  test("a result after the timeout is discarded", async () => {
    const late: string[] = [];
    let answer: (value: string) => void = () => {};
    const slow = stage(
      "deblur",
      tile,
      () =>
        new Promise<string>((resolve) => {
          answer = resolve;
        }),
      { timeout: 0.01, discard: (value) => late.push(value) },
    );
    await errorOf(lastValueFrom(slow));
    answer("late");
    await turns(1);
    expect(late).toEqual(["late"]);
  });

  test("unsubscribing aborts the signal, is silent, and discards a late result", async () => {
    const late: string[] = [];
    const heard: unknown[] = [];
    let signal: AbortSignal | undefined;
    let answer: (value: string) => void = () => {};
    const running = stage(
      "decode",
      tile,
      (given) => {
        signal = given;
        return new Promise<string>((resolve) => {
          answer = resolve;
        });
      },
      { timeout: 60, discard: (value) => late.push(value) },
    ).subscribe({ next: (v) => heard.push(v), error: (e) => heard.push(e) });
    expect(signal?.aborted).toBe(false);
    running.unsubscribe();
    expect(signal?.aborted).toBe(true);
    answer("late");
    await turns(1);
    expect([late, heard]).toEqual([["late"], []]);
  });

  test("a result that is not yet emitted on unsubscribe is discarded", async () => {
    const late: string[] = [];
    const heard: string[] = [];
    const running = stage("decode", tile, async () => "ready", {
      timeout: 60,
      discard: (value) => late.push(value),
    }).subscribe((value) => heard.push(value));
    running.unsubscribe();
    await turns(1);
    expect([late, heard]).toEqual([["ready"], []]);
  });

  test("a rejection after the abort is ignored and not unhandled", async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown): unknown => unhandled.push(reason);
    process.on("unhandledRejection", listen);
    const heard: unknown[] = [];
    stage(
      "decode",
      tile,
      (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
      long,
    )
      .subscribe({ error: (e) => heard.push(e) })
      .unsubscribe();
    await turns(5);
    process.off("unhandledRejection", listen);
    expect([heard, unhandled]).toEqual([[], []]);
  });

  test("an emitted result is neither discarded nor its signal aborted", async () => {
    const late: string[] = [];
    let signal: AbortSignal | undefined;
    const answer = stage(
      "decode",
      tile,
      async (given) => {
        signal = given;
        return "kept";
      },
      { timeout: 60, discard: (value) => late.push(value) },
    );
    expect(await lastValueFrom(answer)).toBe("kept");
    await turns(1);
    expect(late).toEqual([]);
    expect(signal?.aborted).toBe(false);
  });
});
