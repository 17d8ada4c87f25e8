/** The chart of a training run. */

import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { trainChart } from "../../../src/tools/train/svg-chart.ts";
import type { TrainRecord } from "../../../src/tools/train/train-log.ts";

const record = (iteration: number, more: Partial<TrainRecord> = {}): TrainRecord => ({
  ...{ stage: "restore", iteration, iterations: 3000, loss: -20 - iteration / 1000 },
  ...{ norm: 1, lr: 1e-3, seconds: iteration, waited: 0, ...more },
});
const validation = { psnr: 30, blurryPsnr: 28, reblurPsnr: 40 };

/** Points of each curve. */
const curves = (svg: string) =>
  [...svg.matchAll(/<polyline points="([^"]+)"/g)].map(([, points]) => points?.split(" ") ?? []);

describe("a chart", () => {
  it("has a curve of the loss, and of what was measured", () => {
    const records = [record(1), record(2, { validation }), record(3)];
    expect(curves(trainChart("restore", records)).map(({ length }) => length)).toEqual([3, 1, 1]);
  });

  it("is a picture whatever the records: none, one, thousands, numbers that are none", async () => {
    const many = Array.from({ length: 3000 }, (_, i) => record(i + 1));
    for (const records of [[], [record(5)], many, [record(1, { loss: Number.NaN })]]) {
      const svg = trainChart("restore", records);
      expect(svg).not.toContain("NaN");
      expect((await sharp(Buffer.from(svg)).metadata()).format).toBe("svg");
      for (const points of curves(svg)) expect(points.length).toBeLessThanOrEqual(400);
    }
  });

  it("falls where the loss falls", () => {
    const [points = []] = curves(trainChart("restore", [record(1), record(500), record(1000)]));
    const heights = points.map((point) => Number(point.split(",")[1]));
    expect(heights).toEqual(heights.toSorted((a, b) => a - b));
    expect(new Set(heights).size).toBe(3);
  });
});
