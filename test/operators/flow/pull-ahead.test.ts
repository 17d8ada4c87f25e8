import { lastValueFrom, toArray } from "rxjs";
import { describe, expect, test } from "vitest";
import { admit } from "../../../src/operators/flow/admit.ts";
import { pullAhead } from "../../../src/operators/flow/pull-ahead.ts";
import { turns } from "../fakes.ts";
import { play } from "./turn-marbles.ts";

/** The numbers from 0 up, and a log of the iterator's calls. */
function counting(end = Number.POSITIVE_INFINITY) {
  const seen = { pulled: 0, returned: 0 };
  function* numbers(): Generator<number> {
    try {
      for (; seen.pulled < end; ) yield seen.pulled++;
    } finally {
      seen.returned++;
    }
  }
  return { items: numbers(), seen };
}

async function collect<T>(items: AsyncIterable<T>, count = Number.POSITIVE_INFINITY): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) if (all.push(item) === count) break;
  return all;
}

describe("pullAhead", () => {
  test.each([1, 2, 3, 8])(
    "keeps the order with %i in flight, whichever is ready first",
    async (n) => {
      const late = async (i: number) => {
        await turns((i * 7) % 5);
        return i;
      };
      expect(await collect(pullAhead(counting(40).items, n, late))).toEqual([...Array(40).keys()]);
    },
  );

  test.each([1, 2, 5])("a slow consumer has %i pairs in flight including its own", async (n) => {
    const { items, seen } = counting();
    let taken = 0;
    for await (const i of pullAhead(items, n, async (i) => i)) {
      expect(i).toBe(taken++);
      await turns(20);
      expect(seen.pulled).toBe(taken + n - 1);
      if (taken === 10) break;
    }
    expect(seen.returned).toBe(1);
  });

  test("uses all slots", async () => {
    let [running, most] = [0, 0];
    const work = async (i: number) => {
      most = Math.max(most, ++running);
      await turns(3);
      running--;
      return i;
    };
    await collect(pullAhead(counting(20).items, 4, work));
    expect(most).toBe(4);
  });

  test("pulls nothing before the first request", async () => {
    const { items, seen } = counting();
    pullAhead(items, 3, async (i) => i)[Symbol.asyncIterator]();
    await turns(5);
    expect(seen.pulled).toBe(0);
  });

  test("fails in turn, after earlier results, and leaves nothing running", async () => {
    const { items, seen } = counting();
    const got: number[] = [];
    let running = 0;
    const failing = async (i: number) => {
      running++;
      await turns(i === 3 ? 1 : 6);
      running--;
      if (i === 3) throw new Error("the third");
      return i;
    };
    const consuming = (async () => {
      for await (const i of pullAhead(items, 4, failing)) got.push(i);
    })();
    await expect(consuming).rejects.toThrow("the third");
    expect(got).toEqual([0, 1, 2]);
    expect([running, seen.returned]).toEqual([0, 1]);
  });

  test("waits for pending results when the consumer stops", async () => {
    let running = 0;
    const work = async (i: number) => {
      running++;
      await turns(4 * i);
      running--;
      return i;
    };
    await collect(pullAhead(counting().items, 5, work), 1);
    expect(running).toBe(0);
  });

  test("results made ahead keep their slots under admit", async () => {
    const { items, seen } = counting(30);
    const results = admit(
      pullAhead(items, 3, async (i) => i),
      1,
      async (i) => {
        await turns(10);
        expect(seen.pulled).toBeLessThanOrEqual(i + 3);
        return i;
      },
    );
    expect(await lastValueFrom(results.pipe(toArray()))).toEqual([...Array(30).keys()]);
  });

  /** Letters through `pullAhead`, three in flight, read one at a time: a takes 8 frames, x fails after 2. */
  const played = async (letters: string, more: { unsubscribeAt?: number } = {}) => {
    const seen = { pulled: "", returned: 0 };
    function* items(): Generator<string> {
      try {
        for (const letter of letters) {
          seen.pulled += letter;
          yield letter;
        }
      } finally {
        seen.returned++;
      }
    }
    const work: Parameters<typeof play>[1] = (_, wait) => {
      const make = async (letter: string) => {
        await wait(letter === "a" ? 8 : 2);
        if (letter === "x") throw new Error("x");
        return letter;
      };
      return admit(pullAhead(items(), 3, make), 1, async (letter) => {
        await wait(1);
        return letter;
      });
    };
    const { out, error } = await play("", work, more);
    return { out, error, ...seen };
  };

  test("over marbles: early results wait for their turn; the last one completes it", async () => {
    expect(await played("abcdef")).toEqual({
      // b and c wait for a; d to f start one by one as slots become free.
      out: "---------abcde(f|)",
      ...{ error: undefined, pulled: "abcdef", returned: 1 },
    });
  });

  test("over marbles: an error follows all earlier results, when nothing is pending", async () => {
    const { out, error, pulled, returned } = await played("axbcd");
    expect([out, error]).toEqual(["---------a-#", new Error("x")]);
    expect([pulled, returned]).toEqual(["axbc", 1]);
  });

  test("over marbles: an unsubscribe starts no more items and returns the iterator", async () => {
    const { out, pulled, returned } = await played("bcdefgh", { unsubscribeAt: 5 });
    expect([out, pulled, returned]).toEqual(["---bc", "bcdef", 1]);
  });

  test("an error of the iterator follows all its items", async () => {
    function* failing(): Generator<number> {
      yield 1;
      yield 2;
      throw new Error("the disk is gone");
    }
    const got: number[] = [];
    const consuming = (async () => {
      for await (const i of pullAhead(failing(), 2, async (i) => i)) got.push(i);
    })();
    await expect(consuming).rejects.toThrow("the disk is gone");
    expect(got).toEqual([1, 2]);
  });

  test("zero slots are rejected", () => {
    expect(() => pullAhead([1], 0, async (i) => i)).toThrow(
      "Expected an integer from 1 up for inFlight but received 0",
    );
  });
});
