/** Tests the plan of patches that grow: its form, its steps, and the pairs it uses. */
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import {
  leastPatches,
  type PatchSchedule,
  patchSchedule,
  patchText,
  phasesOf,
} from "../../../src/tools/train/patch-schedule.ts";

const read = (value: unknown) => patchSchedule("--patch", value);

describe("sides of patches", () => {
  it.each([
    [128, [{ side: 128, share: 1 }]],
    ["96", [{ side: 96, share: 1 }]],
    [
      "96:0.5,128:0.3,192:0.2",
      [
        { side: 96, share: 0.5 },
        { side: 128, share: 0.3 },
        { side: 192, share: 0.2 },
      ],
    ],
  ])("%j is read, and written the same", (value, expected) => {
    expect(read(value)).toEqual(expected);
    expect(read(patchText(read(value)))).toEqual(expected);
    expect(read(read(value))).toEqual(expected);
  });

  it.each([
    [
      100,
      "Expected an integer from 16 to 1024 that is a multiple of 16 for --patch but received 100",
    ],
    ["96:0.5,100:0.5", "that is a multiple of 16 for --patch but received 100"],
    ["96:0.5,128:0.3", "Expected shares that sum to 1 for --patch"],
    ["96,128", "Expected shares that sum to 1 for --patch"],
    ["96:1.5,128:-0.5", "Expected a side such as 128, or sides with shares"],
    ["96:0.5:1,128:0.5", "Expected a side such as 128"],
    ["96:,128:0.5", "Expected a side such as 128"],
    ["large", "Expected a side such as 128"],
    ["", "Expected a side such as 128"],
    [[], "Expected a side such as 128"],
    [[7], "Expected a side such as 128"],
    [undefined, "Expected a side such as 128"],
  ])("%j is refused", (value, message) => {
    expect(() => read(value)).toThrow(message);
  });
});

const schedules: fc.Arbitrary<PatchSchedule> = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 1, max: 9 })), {
    minLength: 1,
    maxLength: 5,
  })
  .map((parts) => {
    const sum = parts.reduce((all, [, weight]) => all + weight, 0);
    return parts.map(([side, weight]) => ({ side: 16 * side, share: weight / sum }));
  })
  .map((parts) => parts as unknown as PatchSchedule);
const runs = fc.record({
  batch: fc.integer({ min: 1, max: 64 }),
  iterations: fc.integer({ min: 1, max: 5000 }),
  atLeast: fc.integer({ min: 0, max: 40 }),
});

describe("phases", () => {
  test("follow each other without gaps, in steps and in pairs, and the last has no end", () => {
    fc.assert(
      fc.property(schedules, runs, (schedule, run) => {
        const phases = phasesOf(schedule, run);
        let [steps, pairs] = [0, 0];
        for (const phase of phases) {
          expect(phase.from).toBe(steps);
          expect(phase.firstPair).toBe(pairs);
          expect(phase.end).toBeGreaterThan(phase.from);
          steps = phase.end;
          pairs += (phase.end - phase.from) * phase.count;
        }
        expect(steps).toBe(Number.POSITIVE_INFINITY);
      }),
    );
  });

  test("have their shares of the steps, each bound within one step", () => {
    fc.assert(
      fc.property(schedules, runs, (schedule, { batch, iterations }) => {
        const ends = phasesOf(schedule, { batch, iterations, atLeast: 0 }).map(({ end }) => end);
        let share = 0;
        const bounds = schedule.slice(0, -1).map((part) => {
          share += part.share;
          return share * iterations;
        });
        for (const end of ends.slice(0, -1))
          expect(bounds.some((bound) => Math.abs(bound - end) <= 0.5 + 1e-9)).toBe(true);
        for (const bound of bounds)
          if (bound > 1) expect(ends.some((end) => Math.abs(bound - end) <= 0.5 + 1e-9)).toBe(true);
      }),
    );
  });

  test("have about equal pixels a step, and at least one patch", () => {
    fc.assert(
      fc.property(schedules, runs, (schedule, run) => {
        const pixels = run.batch * schedule[0].side ** 2;
        for (const { side, count } of phasesOf(schedule, run)) {
          expect(count).toBeGreaterThanOrEqual(leastPatches(schedule, run.batch));
          if (count > 1)
            expect(Math.abs(count * side ** 2 - pixels)).toBeLessThanOrEqual(side ** 2 / 2);
        }
      }),
    );
  });

  it("begin with the first side for as long as the run's length is unknown, and afterwards too", () => {
    const schedule = read("96:0.5,128:0.3,192:0.2");
    const known = (iterations: number | undefined) =>
      phasesOf(schedule, { batch: 4, iterations, atLeast: 24 }).map(({ end }) => end);
    expect(known(undefined)).toEqual([Number.POSITIVE_INFINITY]);
    expect(known(20)).toEqual([24, Number.POSITIVE_INFINITY]);
    expect(known(100)).toEqual([50, 80, Number.POSITIVE_INFINITY]);
  });

  it("have the counts of the documented example", () => {
    const phases = phasesOf(read("96:0.5,128:0.3,192:0.2"), {
      ...{ batch: 8, iterations: 1000, atLeast: 0 },
    });
    expect(phases.map(({ side, count, from }) => [side, count, from])).toEqual([
      [96, 8, 0],
      [128, 5, 500],
      [192, 2, 800],
    ]);
  });
});
