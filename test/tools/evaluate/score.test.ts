import { expect, test } from "vitest";
import { type Score, summarise } from "../../../src/tools/evaluate/score.ts";
import {
  columnsOf,
  meansOf,
  shown,
  summaryLines,
} from "../../../src/tools/evaluate/tables/table.ts";

function score(name: string, before: number, after: number): Score {
  const likeness = (psnr: number) => ({ psnr, ssim: undefined, ssim3d: 0.5 });
  return {
    name,
    width: 20,
    height: 10,
    seconds: 1,
    likeness: { before: likeness(before), after: likeness(after), baseline: undefined },
    reblur: undefined,
    sharpness: undefined,
  };
}

const scores = [score("up", 25, 26), score("down", 30, 29.5), score("same", 28, 28)];

test("a gain is PSNR after less PSNR before; the worst image is named", () => {
  const { gain, ...rest } = summarise(scores, 2);
  expect(rest).toEqual({ pictures: 3, failed: 2, seconds: 3 });
  expect(gain).toMatchObject({ better: 1, worse: 1, worst: { name: "down", gain: -0.5 } });
  expect(gain?.mean).toBeCloseTo(0.5 / 3, 12);
  expect(gain?.low).toBeLessThan(gain?.mean as number);
  expect(gain?.high).toBeGreaterThan(gain?.mean as number);
  expect(summaryLines(summarise(scores, 2))).toEqual([
    expect.stringMatching(
      /^mean gain \+0\.167 dB, 95 % interval −0\.500 to \+1\.000; 1 better, 1 worse, 1 equal; least: down \(−0\.500\)$/,
    ),
    "2 of 5 pictures failed",
  ]);
});

test("without a measured image the gain is undefined", () => {
  expect(summarise([], 1)).toEqual({ pictures: 0, failed: 1, gain: undefined, seconds: 0 });
});

test("means are of a column's values; that of an empty column is undefined", () => {
  const facts = { truth: true, baseline: false, kernels: true } as Parameters<typeof columnsOf>[0];
  const columns = columnsOf(facts);
  const means = new Map(meansOf(columns, scores).map(({ key, value }) => [key, value]));
  expect(means.get("psnr_before")).toBeCloseTo(83 / 3, 12);
  expect(means.get("psnr_after")).toBeCloseTo(83.5 / 3, 12);
  expect(means.get("ssim_after")).toBeUndefined();
  const cells = columns.map((column) => shown(column.of(scores[1] as Score), column));
  expect(cells).toEqual(["30.00", "29.50", "−0.50", "–", "–", "0.5000", "0.5000", "–", "–", "1.0"]);
  const [psnr] = columns;
  expect(psnr && shown(Infinity, psnr)).toBe("∞");
});
