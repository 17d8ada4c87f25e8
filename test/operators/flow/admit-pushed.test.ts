import { map, type Observable, Subject, timer } from "rxjs";
import { type RunHelpers, TestScheduler } from "rxjs/testing";
import { describe, expect, test } from "vitest";
import { OptionError, OverrunError } from "../../../src/errors.ts";
import { admitPushed, type PushedOptions } from "../../../src/operators/flow/admit-pushed.ts";

const run = (body: (helpers: RunHelpers) => void) =>
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(body);

const taking = (time: number, options: PushedOptions) =>
  admitPushed((item: string): Observable<string> => timer(time).pipe(map(() => item)), options);

describe("admitPushed", () => {
  test("an item starts at once while a slot is free", () => {
    run(({ hot, expectObservable, expectSubscriptions }) => {
      const items = hot("ab--c---|");
      const out = items.pipe(taking(2, { inFlight: 2, policy: "error" }));
      expectObservable(out).toBe("--ab--c-|");
      expectSubscriptions(items.subscriptions).toBe("^-------!");
    });
  });

  test("drop: the newest item waits, older ones are dropped and counted, the last one is processed", () => {
    const counts: number[] = [];
    run(({ hot, expectObservable }) => {
      const items = hot("           abcd---ef|");
      const out = items.pipe(
        taking(5, { inFlight: 1, policy: "drop", onDropped: (count) => counts.push(count) }),
      );
      // a until 5, then d until 10, then f.
      expectObservable(out).toBe("-----a----d----(f|)");
    });
    expect(counts).toEqual([1, 2, 3]);
  });

  test("drop: with two slots two items are in flight and one waits", () => {
    run(({ hot, expectObservable }) => {
      const out = hot("abcd|").pipe(taking(4, { inFlight: 2, policy: "drop" }));
      expectObservable(out).toBe("----ab--(d|)");
    });
  });

  test("drop: every item of a source that is five times too fast is processed or dropped", () => {
    const items = new Subject<number>();
    let work = new Subject<string>();
    let dropped = 0;
    let done = 0;
    const onDropped = (count: number) => {
      dropped = count;
    };
    const project = () => {
      work = new Subject();
      return work;
    };
    items.pipe(admitPushed(project, { inFlight: 1, policy: "drop", onDropped })).subscribe();
    for (let item = 0; item < 60_000; item++) {
      items.next(item);
      if (item % 5 !== 4) continue;
      done++;
      work.complete();
    }
    // One is in flight.
    expect(done + dropped).toBe(59_999);
    expect(done).toBe(12_000);
  });

  test("error: one item too many ends the stream and the items in flight", () => {
    run(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const work = cold("----x|");
      const out = hot("ab-c").pipe(admitPushed(() => work, { inFlight: 2, policy: "error" }));
      expectObservable(out).toBe("---#", undefined, new OverrunError(2));
      expectSubscriptions(work.subscriptions).toBe(["^--!", "-^-!"]);
    });
  });

  test("errors of the source and of the work are passed on", () => {
    run(({ hot, cold, expectObservable }) => {
      const options = { inFlight: 1, policy: "drop" } as const;
      expectObservable(hot("a--#").pipe(taking(5, options))).toBe("---#");
      expectObservable(hot("a---").pipe(admitPushed(() => cold("-#"), options))).toBe("-#");
    });
  });

  test("drop: an unsubscribe ends items in flight and never starts the waiting one", () => {
    run(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const work = cold("-----x|");
      const items = hot("abc-------|");
      const out = items.pipe(admitPushed(() => work, { inFlight: 1, policy: "drop" }));
      expectObservable(out, "^--!").toBe("---");
      expectSubscriptions(items.subscriptions).toBe("^--!");
      expectSubscriptions(work.subscriptions).toBe("^--!");
    });
  });

  test("drop: the waiting item is still processed after the source ends", () => {
    run(({ hot, expectObservable, expectSubscriptions }) => {
      const items = hot("ab|");
      expectObservable(items.pipe(taking(4, { inFlight: 1, policy: "drop" }))).toBe("----a---(b|)");
      expectSubscriptions(items.subscriptions).toBe("^-!");
    });
  });

  test("zero slots are rejected", () => {
    expect(() => taking(1, { inFlight: 0, policy: "drop" })).toThrow(OptionError);
  });
});
