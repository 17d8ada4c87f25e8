import {
  defer,
  EMPTY,
  finalize,
  from,
  lastValueFrom,
  map,
  NEVER,
  type Observable,
  of,
  reduce,
  Subject,
  take,
  throwError,
  timer,
  toArray,
} from "rxjs";
import { TestScheduler } from "rxjs/testing";
import { describe, expect, test } from "vitest";
import { admit } from "../../../src/operators/flow/admit.ts";
import { turns } from "../fakes.ts";

const marbles = (run: Parameters<TestScheduler["run"]>[0]): unknown =>
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(run);

/** Items of an iterator that logs its calls. */
function logged<T>(items: readonly T[], log: string[]): Iterable<T> {
  return {
    [Symbol.iterator]() {
      const inner = items[Symbol.iterator]();
      return {
        next() {
          const step = inner.next();
          log.push(step.done ? "end" : `pull ${step.value}`);
          return step;
        },
        return() {
          log.push("return");
          return { done: true, value: undefined };
        },
      };
    },
  };
}

describe("admit, over marbles", () => {
  test("pulls the next item when a slot is free, merges, and completes with the last result", () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const a = cold("--a|");
      const b = cold("-----b|");
      const c = cold("   -c--|");
      const d = cold("      ---d|");
      const all = "   --a-cb---d|";
      expectObservable(admit([a, b, c, d], 2, (inner) => inner)).toBe(all);
      expectSubscriptions(a.subscriptions).toBe("^--!");
      expectSubscriptions(b.subscriptions).toBe("^-----!");
      expectSubscriptions(c.subscriptions).toBe("---^---!");
      expectSubscriptions(d.subscriptions).toBe("------^---!");
    });
  });

  test("keeps the order with one slot", () => {
    marbles(({ cold, expectObservable }) => {
      const inners = [cold("--a|"), cold("b|"), cold("-c-|")];
      expectObservable(admit(inners, 1, (inner) => inner)).toBe("--ab-c-|");
    });
  });

  test("an error of one item stops pulling, unsubscribes the others and returns the iterator once", () => {
    const log: string[] = [];
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const inners = { a: cold("--a--#"), b: cold("-------b|"), c: cold("c|") };
      const items = logged(["a", "b", "c"] as const, log);
      expectObservable(admit(items, 2, (name) => inners[name])).toBe("--a--#");
      expectSubscriptions(inners.a.subscriptions).toBe("^----!");
      expectSubscriptions(inners.b.subscriptions).toBe("^----!");
      expectSubscriptions(inners.c.subscriptions).toBe([]);
    });
    expect(log).toEqual(["pull a", "pull b", "return"]);
  });

  test("unsubscribing stops pulling, unsubscribes all and returns the iterator once", () => {
    const log: string[] = [];
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const inner = cold("----x|");
      const items = logged([1, 2, 3], log);
      expectObservable(
        admit(items, 2, () => inner),
        "^--!",
      ).toBe("---");
      expectSubscriptions(inner.subscriptions).toBe(["^--!", "^--!"]);
    });
    expect(log).toEqual(["pull 1", "pull 2", "return"]);
  });
});

describe("admit", () => {
  test("pulls nothing before a subscription, and anew for each subscriber", async () => {
    const log: string[] = [];
    const admitted = admit(logged([1, 2], log), 1, (n) => of(n));
    expect(log).toEqual([]);
    expect(await lastValueFrom(admitted.pipe(toArray()))).toEqual([1, 2]);
    expect(await lastValueFrom(admitted.pipe(toArray()))).toEqual([1, 2]);
    expect(log).toEqual(["pull 1", "pull 2", "end", "pull 1", "pull 2", "end"]);
  });

  test.each([1, 2, 3, 7])("at most %i in flight, and as many while items remain", async (n) => {
    let running = 0;
    let most = 0;
    const work = (i: number): Observable<number> =>
      defer(() => {
        most = Math.max(most, ++running);
        return timer((i * 7) % 5);
      }).pipe(
        map(() => i),
        finalize(() => running--),
      );
    const results = await lastValueFrom(admit(Array(40).keys(), n, work).pipe(toArray()));
    expect(results.toSorted((a, b) => a - b)).toEqual([...Array(40).keys()]);
    expect(most).toBe(n);
    expect(running).toBe(0);
  });

  test.each([1, 4])("100 000 synchronous items do not grow the stack, %i in flight", async (n) => {
    const sum = admit(Array(100_000).keys(), n, (i) => of(i)).pipe(reduce((a, b) => a + b, 0));
    expect(await lastValueFrom(sum)).toBe((100_000 * 99_999) / 2);
    expect(
      await lastValueFrom(
        admit(Array(100_000), 1, () => EMPTY),
        { defaultValue: 0 },
      ),
    ).toBe(0);
  });

  test("an endless iterator is returned when its consumer stops", () => {
    let closed = 0;
    function* endless(): Generator<number> {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        closed++;
      }
    }
    const seen: number[] = [];
    admit(endless(), 3, (i) => of(i))
      .pipe(take(5))
      .subscribe((i) => seen.push(i));
    expect(seen).toEqual([0, 1, 2, 3, 4]);
    expect(closed).toBe(1);
  });

  test("an iterator that has ended or failed is not returned", () => {
    const log: string[] = [];
    admit(logged([1], log), 1, (n) => of(n)).subscribe();
    expect(log).toEqual(["pull 1", "end"]);
    let returned = 0;
    const failing: Iterable<number> = {
      [Symbol.iterator]: () => ({
        next() {
          throw new Error("broken");
        },
        return() {
          returned++;
          return { done: true, value: undefined };
        },
      }),
    };
    const errors: unknown[] = [];
    admit(failing, 1, (n) => of(n)).subscribe({ error: (error) => errors.push(error) });
    expect(errors).toEqual([new Error("broken")]);
    expect(returned).toBe(0);
  });

  test("an error thrown by project is emitted, and the iterator is returned", () => {
    const log: string[] = [];
    const errors: unknown[] = [];
    admit(logged([1, 2], log), 2, (): Observable<never> => {
      throw new Error("no such stage");
    }).subscribe({ error: (error) => errors.push(error) });
    expect(errors).toEqual([new Error("no such stage")]);
    expect(log).toEqual(["pull 1", "return"]);
  });

  test("an error from closing the iterator does not hide the original error", async () => {
    function* stubborn(): Generator<number> {
      try {
        yield 1;
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: the point of the test
        throw new Error("cannot close");
      }
    }
    const failed = admit(stubborn(), 1, () => throwError(() => new Error("the reason")));
    await expect(lastValueFrom(failed)).rejects.toThrow("the reason");
    expect(() =>
      admit(stubborn(), 1, () => NEVER)
        .subscribe()
        .unsubscribe(),
    ).not.toThrow();
    await turns(2);
  });

  test.each([0, -1, 1.5, Number.NaN])("%f slots are rejected", (n) => {
    expect(() => admit([1], n, () => EMPTY)).toThrow(
      `Expected an integer from 1 up for inFlight but received ${n}`,
    );
  });
});

describe("admit, of an async iterable", () => {
  /** Answers requests one after the other; counts overlapping calls of next(). */
  function slow(
    count: number,
  ): AsyncIterable<number> & { overlaps: number; returns: number; asked: number } {
    let busy = 0;
    const self = {
      overlaps: 0,
      returns: 0,
      asked: 0,
      [Symbol.asyncIterator]: () => ({
        async next(): Promise<IteratorResult<number>> {
          if (busy++ > 0) self.overlaps++;
          const value = self.asked++;
          await turns(1 + (value % 3));
          busy--;
          return value < count ? { done: false, value } : { done: true, value: undefined };
        },
        async return(): Promise<IteratorResult<number>> {
          self.returns++;
          return { done: true, value: undefined };
        },
      }),
    };
    return self;
  }

  test("emits every item once, with one pending next() and within its slots", async () => {
    const items = slow(30);
    let running = 0;
    let most = 0;
    const results = await lastValueFrom(
      admit(items, 3, async (i) => {
        most = Math.max(most, ++running);
        await turns(1 + ((i * 5) % 11));
        running--;
        return i;
      }).pipe(toArray()),
    );
    expect(results.toSorted((a, b) => a - b)).toEqual([...Array(30).keys()]);
    expect(items.overlaps).toBe(0);
    expect(items.returns).toBe(0);
    expect(most).toBe(3);
  });

  test("does not pull before a slot is free", async () => {
    const items = slow(10);
    const gates = [new Subject<void>(), new Subject<void>(), new Subject<void>()];
    const running = admit(items, 2, (i) => gates[i] as Subject<void>).subscribe();
    await turns(20);
    expect(items.asked).toBe(2);
    gates[1]?.complete();
    await turns(20);
    expect(items.asked).toBe(3);
    running.unsubscribe();
    await turns(5);
    expect([items.asked, items.returns]).toEqual([3, 1]);
  });

  test("an item that arrives after the unsubscribe is not projected", async () => {
    const items = slow(10);
    let projected = 0;
    const running = admit(items, 2, () => {
      projected++;
      return NEVER;
    }).subscribe();
    running.unsubscribe();
    await turns(10);
    expect([projected, items.asked, items.returns]).toEqual([0, 1, 1]);
  });

  test("an error of next() is emitted, and items in flight are unsubscribed", async () => {
    async function* failing(): AsyncGenerator<number> {
      yield 1;
      throw new Error("the pipe broke");
    }
    let letGo = 0;
    const admitted = admit(failing(), 2, () => NEVER.pipe(finalize(() => letGo++)));
    await expect(lastValueFrom(admitted)).rejects.toThrow("the pipe broke");
    expect(letGo).toBe(1);
  });

  test("10 000 synchronous items do not grow the stack", async () => {
    async function* many(): AsyncGenerator<number> {
      for (let i = 0; i < 10_000; i++) yield i;
    }
    const sum = admit(many(), 4, (i) => from([i])).pipe(reduce((a, b) => a + b, 0));
    expect(await lastValueFrom(sum)).toBe((10_000 * 9_999) / 2);
  });
});
