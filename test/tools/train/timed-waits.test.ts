/** Tests the share of time spent waiting for data, with a clock that the test moves. */
import { describe, expect, it } from "vitest";
import { timedWaits } from "../../../src/tools/train/timed-waits.ts";

/** A clock, a source that takes `source` ms for each item, and a consumer that takes `step` ms. */
async function shares({ source, step }: { source: number; step: number }): Promise<number[]> {
  let time = 1000;
  async function* items() {
    for (let i = 0; i < 6; i++) {
      await Promise.resolve();
      time += source;
      yield i;
    }
  }
  const waits = timedWaits(items(), () => time);
  time += 5000; // no batch has been requested yet
  const found: number[] = [];
  const seen: number[] = [];
  for await (const item of waits) {
    seen.push(item);
    time += step;
    if (item % 2 === 1) found.push(waits.share());
  }
  expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
  return found;
}

describe("the share of the time that steps wait for data", () => {
  it.each([
    ["slow", { source: 30, step: 10 }, 0.75],
    ["quick", { source: 1, step: 99 }, 0.01],
    ["instant", { source: 0, step: 10 }, 0],
    ["the only work there is", { source: 10, step: 0 }, 1],
  ])("is measured of a source that is %s", async (_, times, share) => {
    expect(await shares(times)).toEqual([share, share, share]);
  });

  it("is none where no time has gone by", async () => {
    expect(await shares({ source: 0, step: 0 })).toEqual([0, 0, 0]);
  });

  it("lets go of the source when its consumer stops", async () => {
    let open = true;
    async function* items() {
      try {
        for (;;) yield 0;
      } finally {
        open = false;
      }
    }
    for await (const _ of timedWaits(items())) break;
    expect(open).toBe(false);
  });
});
