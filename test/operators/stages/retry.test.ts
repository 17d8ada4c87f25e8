import {
  delay,
  lastValueFrom,
  map,
  mergeMap,
  type Observable,
  of,
  pipe,
  throwError,
  timer,
  toArray,
} from "rxjs";
import { TestScheduler } from "rxjs/testing";
import { describe, expect, test } from "vitest";
import {
  InputError,
  OutOfMemoryError,
  StageTimeoutError,
  TileError,
  UnavailableError,
} from "../../../src/errors.ts";
import { attempt } from "../../../src/operators/stages/retry.ts";

const rect = { x: 0, y: 0, width: 1, height: 1 };

/** Stages that fail with `error` the first `failures` times; `told` records their argument `last`. */
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
  test("passes an item that succeeds on the first try", async () => {
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
  ])("does not retry an error that another try cannot fix: %s", async (cause) => {
    for (const error of [cause, new TileError(rect, "deblur", "no", { cause })]) {
      const told: boolean[] = [];
      const tried = of(5).pipe(attempt(3, failing(1, error, told)));
      await expect(lastValueFrom(tried)).rejects.toBe(error);
      expect(told).toEqual([false]);
    }
  });
});

describe("attempt, over marbles", () => {
  const marbles = (run: Parameters<TestScheduler["run"]>[0]): unknown =>
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(run);

  /** Takes 2 ms for each failure, as many as the item's number, then 3 ms to succeed. */
  const failingFirst = (): (() => (items: Observable<string>) => Observable<string>) => {
    const tries = new Map<string, number>();
    return () =>
      mergeMap((item) => {
        const time = (tries.get(item) ?? 0) + 1;
        tries.set(item, time);
        if (time <= Number(item)) {
          return timer(2).pipe(mergeMap(() => throwError(() => `${item} failed`)));
        }
        return of(item).pipe(delay(3));
      });
  };

  test("items are tried in parallel, and come when they succeed; the last one completes it", () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      // 2 fails twice: 2 + 2 + 3 ms; 0 takes 3, 1 takes 2 + 3.
      const items = hot("201|");
      expectObservable(items.pipe(attempt(3, failingFirst()))).toBe("----0--(12|)");
      expectSubscriptions(items.subscriptions).toBe("^--!");
    });
  });

  test("the error of the last try is emitted; other tries and the source are unsubscribed", () => {
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const other = cold("---------x|");
      const items = hot("a3------|");
      const stages = failingFirst();
      const out = items.pipe(
        attempt(3, () =>
          pipe(mergeMap((item) => (item === "a" ? other : of(item).pipe(stages())))),
        ),
      );
      // Started at 1, failed at 3, 5 and 7.
      expectObservable(out).toBe("-------#", undefined, "3 failed");
      expectSubscriptions(items.subscriptions).toBe("^------!");
      expectSubscriptions(other.subscriptions).toBe("^------!");
    });
  });

  test("an unsubscribe ends the current try and starts no other", () => {
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const tried = cold("--#");
      const items = hot("a-------|");
      const out = items.pipe(attempt(9, () => mergeMap(() => tried)));
      expectObservable(out, "^----!").toBe("-----");
      expectSubscriptions(tried.subscriptions).toBe(["^-!", "--^-!", "----^!"]);
      expectSubscriptions(items.subscriptions).toBe("^----!");
    });
  });

  test("an error of the source does not count as a failed try", () => {
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const tried = cold("-----x|");
      const items = hot("a-#");
      const out = items.pipe(attempt(3, () => mergeMap(() => tried)));
      expectObservable(out).toBe("--#");
      expectSubscriptions(tried.subscriptions).toBe(["^-!"]);
    });
  });
});
