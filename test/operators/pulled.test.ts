import { concatMap, from, of, throwError } from "rxjs";
import { describe, expect, test } from "vitest";
import { admit } from "../../src/operators/admit.ts";
import { pulled } from "../../src/operators/pulled.ts";
import { turns } from "./fakes.ts";

describe("pulled", () => {
  test("gives everything in order, then ends", async () => {
    const all: number[] = [];
    for await (const item of pulled<number>((deliver) =>
      from([1, 2, 3]).pipe(concatMap(deliver)),
    )) {
      all.push(item);
    }
    expect(all).toEqual([1, 2, 3]);
  });

  test("a reader that does not ask stops the source: the places are taken, no more is pulled", async () => {
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
    await reader.return();
  });

  test("what it fails with comes behind what was delivered", async () => {
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
});
