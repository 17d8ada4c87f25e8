import { lastValueFrom, map, mergeMap, of, pipe, toArray } from "rxjs";
import { describe, expect, test } from "vitest";
import {
  InputError,
  OutOfMemoryError,
  StageTimeoutError,
  TileError,
  UnavailableError,
} from "../../src/errors.ts";
import { attempt } from "../../src/operators/attempt.ts";

const rect = { x: 0, y: 0, width: 1, height: 1 };

/** Stages that fail with `error` the first `failures` times; what they were told of the last time is in `told`. */
function failing(failures: number, error: unknown, told: boolean[]) {
  let calls = 0;
  return (last: boolean) => {
    told.push(last);
    return mergeMap((n: number) => {
      if (++calls <= failures) throw error;
      return of(2 * n);
    });
  };
}

describe("attempt", () => {
  test("passes what succeeds at once", async () => {
    const doubled = of(1, 2, 3).pipe(
      attempt(3, () => pipe(map((n: number) => 2 * n))),
      toArray(),
    );
    expect(await lastValueFrom(doubled)).toEqual([2, 4, 6]);
  });

  test.each([0, 1, 2])("succeeds after %i failures of three tries", async (failures) => {
    const told: boolean[] = [];
    const tried = of(5).pipe(attempt(3, failing(failures, new Error("no"), told)));
    expect(await lastValueFrom(tried)).toBe(10);
    expect(told).toEqual([false, false, true].slice(0, failures + 1));
  });

  test("fails with the third failure", async () => {
    const told: boolean[] = [];
    const error = new TileError(rect, "deblur", "no", { cause: new Error("no") });
    const tried = of(5).pipe(attempt(3, failing(3, error, told)));
    await expect(lastValueFrom(tried)).rejects.toBe(error);
    expect(told).toEqual([false, false, true]);
  });

  test.each([
    new StageTimeoutError(1),
    new UnavailableError("gone"),
    new OutOfMemoryError("no room"),
    new InputError("in.png", "damaged"),
  ])("does not try again what another try cannot help: %s", async (cause) => {
    for (const error of [cause, new TileError(rect, "deblur", "no", { cause })]) {
      const told: boolean[] = [];
      const tried = of(5).pipe(attempt(3, failing(1, error, told)));
      await expect(lastValueFrom(tried)).rejects.toBe(error);
      expect(told).toEqual([false]);
    }
  });
});
