import { concatMap, from, mergeMap, NEVER, of, throwError } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import { describe, expect, test } from "vitest";
import { admit } from "../../../src/operators/flow/admit.ts";
import { pulled } from "../../../src/operators/flow/pulled.ts";
import { turns } from "../fakes.ts";
import { play } from "./turn-marbles.ts";

describe("pulled", () => {
  test("returns everything in order, then ends", async () => {
    const all: number[] = [];
    for await (const item of pulled<number>((deliver) =>
      from([1, 2, 3]).pipe(concatMap(deliver)),
    )) {
      all.push(item);
    }
    expect(all).toEqual([1, 2, 3]);
  });

  test("a reader without requests stops the source: all slots are busy", async () => {
    let made = 0;
    function* items() {
      for (;;) yield made++;
    }
    const reader = pulled<number>((deliver) => admit(items(), 1, deliver));
    await turns(5);
    expect(made).toBe(0);
    expect((await reader.next()).value).toBe(0);
    await turns(20);
    expect(made).toBe(1);
    expect((await reader.next()).value).toBe(1);
    await turns(20);
    expect(made).toBe(2);
    await reader.return?.();
  });

  test("an error follows all delivered items", async () => {
    const reader = pulled<number>((deliver) =>
      from([of(1), throwError(() => "failed")]).pipe(
        concatMap((one) => one),
        concatMap(deliver),
      ),
    );
    expect((await reader.next()).value).toBe(1);
    await expect(reader.next()).rejects.toBe("failed");
  });

  test("a reader that leaves unsubscribes", async () => {
    let left = false;
    async function* items() {
      try {
        yield 1;
        yield 2;
      } finally {
        left = true;
      }
    }
    for await (const _ of pulled<number>((deliver) => admit(items(), 1, deliver))) break;
    await turns(5);
    expect(left).toBe(true);
  });

  test("a reader that leaves during a request unsubscribes at once, and the request ends", async () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(
      ({ cold, expectSubscriptions }) => {
        const nothing = cold("------");
        const reader = pulled<number>(() => nothing);
        const waiting = reader.next();
        const left = reader.return?.();
        expectSubscriptions(nothing.subscriptions).toBe("(^!)");
        ended.push(waiting, left as Promise<unknown>);
      },
    );
    const over = { done: true, value: undefined };
    expect(await Promise.all(ended)).toEqual([over, over]);
  });
  const ended: Promise<unknown>[] = [];

  test("a reader that leaves before its first request never subscribes", async () => {
    let asked = false;
    const reader = pulled<number>(() => {
      asked = true;
      return NEVER;
    });
    await reader.return?.();
    expect(await reader.next()).toEqual({ done: true, value: undefined });
    expect(asked).toBe(false);
  });

  /** The results of a reader that takes `pause` frames per item. */
  const reading =
    (pause: number): Parameters<typeof play>[1] =>
    (items, wait) =>
      from(
        (async function* () {
          for await (const item of pulled<string>((deliver) => items.pipe(delivering(deliver)))) {
            yield item;
            await wait(pause);
          }
        })(),
      );
  /** Like a reader without its own pace: all at once. */
  const delivering = (deliver: (item: string) => Promise<void>) => mergeMap(deliver);

  test("over marbles: a fast reader gets each item at once, a slow one all in order; then the end", async () => {
    expect(await play("a-b--c|", reading(1))).toEqual({
      out: "a-b--c|",
      source: "^-----!",
      error: undefined,
    });
    expect(await play("abc|", reading(4))).toEqual({
      out: "a---b---c---|",
      source: "^--!",
      error: undefined,
    });
  });

  test("over marbles: an error follows all delivered items", async () => {
    expect(await play("ab#", reading(4))).toEqual({
      out: "a---b---#",
      source: "^-!",
      error: "gone",
    });
  });
});
