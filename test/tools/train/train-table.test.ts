import { describe, expect, it } from "vitest";
import type { TrainRecord } from "../../../src/tools/train/train-log.ts";
import { trainTable } from "../../../src/tools/train/train-table.ts";

const record = (more: Partial<TrainRecord>): TrainRecord => ({
  ...{ stage: "restore", iteration: 10, iterations: 4000, loss: -20, norm: 1 },
  ...{ lr: 1e-3, seconds: 90, waited: 0, ...more },
});

/** The cells of each row, without the header. */
const rowsOf = (records: readonly TrainRecord[]): string[][] =>
  trainTable(records)
    .trimEnd()
    .split("\n")
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    );

describe("the table of a run", () => {
  it("has a row for each measurement, with the mean loss since the row before", () => {
    const measured = (psnr: number) => ({
      validation: { psnr, blurryPsnr: 25, reblurPsnr: 31.256 },
    });
    const rows = rowsOf([
      record({ iteration: 10, loss: -20 }),
      // Three times the steps of the one before.
      record({ iteration: 40, loss: -24, batch: 8, patch: 96, ...measured(27) }),
      record({ iteration: 50, loss: -10 }),
      record({ iteration: 60, loss: -30, seconds: 3600, lr: 5e-4, ...measured(28.5) }),
      record({ iteration: 70, loss: -31 }),
    ]);
    expect(rows).toEqual([
      ["restore", "40", "1.5", "8 of 96", "0.00100", "-23.000", "27.00", "2.00", "31.26"],
      ["restore", "60", "60.0", "", "0.000500", "-20.000", "28.50", "3.50", "31.26"],
      ["restore", "70", "1.5", "", "0.00100", "-31.000", "", "", ""],
    ]);
  });

  it("has all stages, and without measurements one row a thousand steps and the last", () => {
    const flow = Array.from({ length: 250 }, (_, i) =>
      record({ stage: "flow", iteration: 10 * (i + 1), loss: i < 100 ? 4 : 2 }),
    );
    const kernels = record({
      stage: "kernels",
      validation: { psnr: undefined, blurryPsnr: 25, reblurPsnr: 30 },
    });
    expect(
      rowsOf([...flow, kernels]).map(([stage, step, , , , loss, psnr, , again]) => [
        stage,
        step,
        loss,
        psnr,
        again,
      ]),
    ).toEqual([
      ["flow", "1000", "4.0000", "", ""],
      ["flow", "2000", "2.0000", "", ""],
      ["flow", "2500", "2.0000", "", ""],
      ["kernels", "10", "-20.000", "", "30.00"],
    ]);
  });

  it("is aligned as text, and a Markdown table", () => {
    const lines = trainTable([record({}), record({ stage: "flow", iteration: 12345 })]).split("\n");
    expect(lines.pop()).toBe("");
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(lines[1]).toMatch(/^\| -+ (?:\| -+: )+\|$/);
  });
});
