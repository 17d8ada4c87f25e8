import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type PairPlan,
  type PairPlanning,
  planPairs,
} from "../../../src/operators/pairs/plan-pairs.ts";

function first(count: number, planning: PairPlanning): PairPlan[] {
  const plans: PairPlan[] = [];
  for (const plan of planPairs(planning)) {
    if (plans.push(plan) === count) break;
  }
  return plans;
}

const planning = fc.record({
  seed: fc.nat(),
  sharp: fc.integer({ min: 1, max: 30 }),
  pairs: fc.integer({ min: 1, max: 30 }),
  pairShare: fc.double({ min: 0, max: 1, noNaN: true }),
  crops: fc.integer({ min: 1, max: 9 }),
  open: fc.integer({ min: 1, max: 20 }),
});
const base = { seed: 1, sharp: 10, pairs: 4, pairShare: 0.25, crops: 4, open: 3 };

/** Every visit once, in order of number. */
const visitsOf = (plans: readonly PairPlan[]) =>
  [...new Map(plans.map(({ visit }) => [visit.number, visit])).values()].sort(
    (a, b) => a.number - b.number,
  );

describe("the plan of training pairs", () => {
  test("numbers the pairs, and has each crop of a visit once, in order", () => {
    fc.assert(
      fc.property(planning, (planning) => {
        const plans = first(300, planning);
        expect(plans.map(({ index }) => index)).toEqual([...Array(300).keys()]);
        for (const { number } of visitsOf(plans)) {
          const of = plans.filter(({ visit }) => visit.number === number);
          const begin = of[0]?.crop as number;
          expect(of.map(({ crop }) => crop)).toEqual(of.map((_, i) => begin + i));
          // Only the first visits begin in the middle, and only the last may be incomplete.
          if (number >= planning.open) expect(begin).toBe(0);
          const finished = of.at(-1)?.crop === planning.crops - 1;
          expect(finished || (of.at(-1) as PairPlan).index >= 300 - planning.open).toBe(true);
        }
      }),
    );
  });

  test("has different visits in every `open` consecutive pairs", () => {
    fc.assert(
      fc.property(planning, (planning) => {
        const numbers = first(200, planning).map(({ visit }) => visit.number);
        for (let i = 0; i + planning.open <= 200; i++) {
          expect(new Set(numbers.slice(i, i + planning.open)).size).toBe(planning.open);
        }
      }),
    );
  });

  test("visits every image once per epoch, each in another order", () => {
    const visits = visitsOf(first(2000, base)).filter(({ kind }) => kind === "sharp");
    const epochs = [0, 1, 2].map((e) => visits.slice(10 * e, 10 * e + 10).map((v) => v.image));
    for (const epoch of epochs) {
      expect(epoch.toSorted((a, b) => a - b)).toEqual([...Array(10).keys()]);
    }
    expect(new Set(epochs.map((epoch) => epoch.join())).size).toBe(3);
  });

  test("gives real pairs their share of the visits at any point", () => {
    fc.assert(
      fc.property(planning, (planning) => {
        let real = 0;
        for (const [i, { kind }] of visitsOf(first(500, planning)).entries()) {
          if (kind === "pair") real++;
          expect(Math.abs(real - (i + 1) * planning.pairShare)).toBeLessThan(1 + 1e-9);
        }
      }),
    );
  });

  test.each([
    { sharp: 0, pairs: 3, kind: "pair" },
    { sharp: 3, pairs: 0, kind: "sharp" },
  ])("uses existing images only: $sharp sharp images, $pairs pairs", ({ kind, ...numbers }) => {
    for (const { visit } of first(100, { ...base, ...numbers })) expect(visit.kind).toBe(kind);
  });

  test("opens images one by one after the beginning", () => {
    const plans = first(400, { ...base, open: 16, crops: 8 });
    const opened = plans.map((plan, i) => (plan.crop === 0 && i >= 16 ? 1 : 0) as number);
    for (let i = 32; i + 16 <= 400; i++) {
      const together = opened.slice(i, i + 16).reduce((a, b) => a + b, 0);
      expect(together).toBeLessThanOrEqual(3);
    }
  });

  test("is determined by the seed", () => {
    expect(first(100, base)).toEqual(first(100, base));
    expect(first(100, base)).not.toEqual(first(100, { ...base, seed: 2 }));
  });
});
