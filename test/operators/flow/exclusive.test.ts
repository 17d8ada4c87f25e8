import {
  concatMap,
  defer,
  from,
  lastValueFrom,
  map,
  mergeMap,
  NEVER,
  type OperatorFunction,
  of,
  pipe,
  Subject,
  throwError,
  toArray,
} from "rxjs";
import { TestScheduler } from "rxjs/testing";
import { describe, expect, test } from "vitest";
import { createLane, type Lane } from "../../../src/model/lane.ts";
import { exclusive } from "../../../src/operators/flow/exclusive.ts";
import { turns } from "../fakes.ts";

/** A stage that takes a few turns and logs its beginning and end. */
function step<T>(name: string, log: string[]): OperatorFunction<T, T> {
  return mergeMap(async (item) => {
    log.push(`${name}${item}`);
    await turns(2);
    return item;
  });
}

describe("exclusive", () => {
  test("the stages are one unit: an item passes all of them before the next begins", async () => {
    const log: string[] = [];
    const lane = createLane();
    const stages = pipe(step<number>("e", log), step<number>("f", log), step<number>("r", log));
    const results = await lastValueFrom(
      of(1, 2, 3, 4).pipe(
        mergeMap((n) => of(n).pipe(exclusive(lane, stages))),
        toArray(),
      ),
    );
    expect(results).toEqual([1, 2, 3, 4]);
    expect(log.join(" ")).toBe("e1 f1 r1 e2 f2 r2 e3 f3 r3 e4 f4 r4");
  });

  test("two pipelines take turns on one lane", async () => {
    const log: string[] = [];
    const lane = createLane();
    const one = from(["a", "b"]).pipe(exclusive(lane, pipe(step("1", log), step("2", log))));
    const other = from(["x", "y"]).pipe(exclusive(lane, pipe(step("1", log), step("2", log))));
    await Promise.all([lastValueFrom(one), lastValueFrom(other)]);
    expect(log.join(" ")).toBe("1a 2a 1x 2x 1b 2b 1y 2y");
  });

  test("an error frees the lane and is passed on", async () => {
    const lane = createLane();
    const failing = of(1).pipe(
      exclusive(
        lane,
        concatMap(() => throwError(() => new Error("lost"))),
      ),
    );
    await expect(lastValueFrom(failing)).rejects.toThrow("lost");
    expect(
      await lastValueFrom(
        of(2).pipe(
          exclusive(
            lane,
            map((n) => n * 2),
          ),
        ),
      ),
    ).toBe(4);
  });

  test("unsubscribing an item on the device frees the lane", async () => {
    const lane = createLane();
    const hanging = of(1)
      .pipe(
        exclusive(
          lane,
          mergeMap(() => NEVER),
        ),
      )
      .subscribe();
    const next = lastValueFrom(
      of(2).pipe(
        exclusive(
          lane,
          map((n) => n),
        ),
      ),
    );
    await turns(3);
    hanging.unsubscribe();
    expect(await next).toBe(2);
  });

  test("an item unsubscribed before its turn neither runs nor blocks nor overtakes", async () => {
    const lane = createLane();
    const log: string[] = [];
    const first = new Subject<number>();
    const holding = of(1)
      .pipe(
        exclusive(
          lane,
          mergeMap(() => first),
        ),
      )
      .subscribe();
    const waiter = of(2)
      .pipe(exclusive(lane, step("s", log)))
      .subscribe();
    const third = lastValueFrom(of(3).pipe(exclusive(lane, step("s", log))));
    await turns(3);
    waiter.unsubscribe();
    await turns(3);
    // The first item still holds the lane.
    expect(log).toEqual([]);
    first.complete();
    expect(await third).toBe(3);
    expect(log).toEqual(["s3"]);
    holding.unsubscribe();
  });

  test("enters the lane on subscription, and leaves once", async () => {
    const log: string[] = [];
    const lane: Lane = {
      enter() {
        log.push("enter");
        return { ready: Promise.resolve(), leave: () => log.push("leave") };
      },
    };
    const exclusively = of(1).pipe(exclusive(lane, step("s", log)));
    expect(log).toEqual([]);
    await lastValueFrom(exclusively);
    expect(log).toEqual(["enter", "s1", "leave"]);
  });

  test("items of one stream keep their order and start when the previous one has left", () => {
    // A lane that is always free, and resolves within the marble's frame.
    const ready = of(undefined) as unknown as Promise<void>;
    const open: Lane = { enter: () => ({ ready, leave: () => undefined }) };
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(
      ({ cold, hot, expectObservable, expectSubscriptions }) => {
        const work = cold("---r|");
        const items = hot("a-b-------c|");
        const expected = " ---r---r-----r|";
        const one = defer(() =>
          items.pipe(
            exclusive(
              open,
              mergeMap(() => work),
            ),
          ),
        );
        expectObservable(one).toBe(expected);
        expectSubscriptions(work.subscriptions).toBe(["^---!", "----^---!", "----------^---!"]);
      },
    );
  });
});
