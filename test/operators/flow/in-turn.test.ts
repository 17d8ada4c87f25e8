import { delay, mergeMap, type Observable, of, Subject, throwError, timer } from "rxjs";
import { type RunHelpers, TestScheduler } from "rxjs/testing";
import { describe, expect, test } from "vitest";
import { admit } from "../../../src/operators/flow/admit.ts";
import { openTurns } from "../../../src/operators/flow/in-turn.ts";

const run = (body: (helpers: RunHelpers) => void) =>
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(body);

/** Duration of each item; x fails. */
const times: Readonly<Record<string, number>> = { a: 9, b: 1, c: 9, x: 1 };
const work = (item: string): Observable<string> =>
  timer(times[item] ?? 0).pipe(
    mergeMap(() => (item === "x" ? throwError(() => "failed") : of(item))),
  );

const inOrder = (items: Observable<string>, deliver = (done: string) => of(done)) => {
  const inTurn = openTurns();
  return items.pipe(mergeMap((item) => work(item).pipe(inTurn(deliver))));
};

describe("openTurns", () => {
  test("results come in the order of their start, each as early as possible", () => {
    run(({ hot, expectObservable }) => {
      // a ends at 9, and b, which ended at 2, with it; c, started at 5, ends at 14.
      const items = hot("                   ab---c---------|");
      expectObservable(inOrder(items)).toBe("---------(ab)-c|");
    });
  });

  test("each is delivered after the previous one", () => {
    run(({ hot, expectObservable }) => {
      const items = hot("ab|");
      const slow = (done: string) => of(done).pipe(delay(6));
      expectObservable(inOrder(items, slow)).toBe("15ms a 5ms (b|)");
    });
  });

  test("an error waits for earlier results, and ends later ones", () => {
    run(({ hot, expectObservable }) => {
      const items = hot("                   axb------------|");
      expectObservable(inOrder(items)).toBe("---------(a#)", undefined, "failed");
    });
  });

  test("an unsubscribe ends all running and waiting sources", () => {
    run(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const [slow, quick] = [cold("---------a|"), cold("-b|")];
      const inTurn = openTurns();
      const items = hot<"s" | "q">("sq---------|");
      const out = items.pipe(
        mergeMap((item) => (item === "s" ? slow : quick).pipe(inTurn((done) => of(done)))),
      );
      expectObservable(out, "^----!").toBe("-----");
      expectSubscriptions(items.subscriptions).toBe("^----!");
      expectSubscriptions(slow.subscriptions).toBe("^----!");
      expectSubscriptions(quick.subscriptions).toBe("-^-!");
    });
  });

  test("an unsubscribed source does not block later ones", () => {
    run(({ cold, expectObservable }) => {
      const inTurn = openTurns();
      const through = (marble: string) => cold(marble).pipe(inTurn((done) => of(done)));
      const [first, second] = [through("---------a|"), through("-b|")];
      expectObservable(first, "^----!").toBe("-----");
      expectObservable(second).toBe("-----(b|)");
    });
  });

  test("an error of the delivery is emitted in its turn", () => {
    run(({ hot, expectObservable, expectSubscriptions }) => {
      const items = hot("ab------------|");
      const failing = (done: string) => (done === "b" ? throwError(() => "no room") : of(done));
      expectObservable(inOrder(items, failing)).toBe("---------(a#)", undefined, "no room");
      expectSubscriptions(items.subscriptions).toBe("^--------!");
    });
  });

  test("with admit, a waiting result keeps its slot", () => {
    const inTurn = openTurns();
    const begun: Subject<string>[] = [];
    const out: string[] = [];
    admit([..."abcdefgh"], 3, () => {
      const one = new Subject<string>();
      begun.push(one);
      return one.pipe(inTurn((done) => of(done)));
    }).subscribe((done) => out.push(done));
    const finish = (index: number) => {
      begun[index]?.next(String(index));
      begun[index]?.complete();
    };
    finish(1);
    finish(2);
    expect([out, begun.length]).toEqual([[], 3]);
    finish(0);
    expect([out, begun.length]).toEqual([["0", "1", "2"], 6]);
  });
});
