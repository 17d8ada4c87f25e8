/** Lists the measurements of all stages of training in one Markdown table, aligned for reading as text. */
import type { TrainRecord } from "./train-log.ts";

/** Steps between two rows of a stage that is not measured. */
const rowEvery = 1000;

const columns = [
  "stage",
  "step",
  "minutes",
  "patches",
  "learning rate",
  "loss",
  "PSNR, dB",
  "over blurry, dB",
  "re-blurred, dB",
] as const;

/**
 * A row for each measurement, for the last record of each stage, and for one record of each thousand steps of a stage
 * without measurements. The loss is the mean since the row before of the same stage.
 * @param records of all stages, oldest first
 */
export function trainTable(records: readonly TrainRecord[]): string {
  const stages = [...new Set(records.map(({ stage }) => stage))];
  const rows = stages.flatMap((stage) => rowsOf(records.filter((one) => one.stage === stage)));
  return aligned([[...columns], ...rows]);
}

function rowsOf(records: readonly TrainRecord[]): string[][] {
  const isMeasured = records.some(({ validation }) => validation !== undefined);
  const rows: string[][] = [];
  let [steps, sum] = [0, 0];
  records.forEach((record, i) => {
    const before = records[i - 1]?.iteration ?? 0;
    const { iteration, loss, validation } = record;
    steps += iteration - before;
    sum += (iteration - before) * loss;
    const isDue = isMeasured
      ? validation !== undefined
      : Math.floor(iteration / rowEvery) > Math.floor(before / rowEvery);
    if (!isDue && i < records.length - 1) return;
    rows.push(rowOf(record, sum / steps));
    [steps, sum] = [0, 0];
  });
  return rows;
}

function rowOf(
  { stage, iteration, seconds, patch, batch, lr, validation }: TrainRecord,
  loss: number,
): string[] {
  const decibels = (value = Number.NaN) => (Number.isFinite(value) ? value.toFixed(2) : "");
  const { psnr = Number.NaN, blurryPsnr = Number.NaN, reblurPsnr } = validation ?? {};
  return [
    stage,
    `${iteration}`,
    (seconds / 60).toFixed(1),
    patch === undefined ? "" : `${batch} of ${patch}`,
    lr.toPrecision(3),
    loss.toPrecision(5),
    decibels(psnr),
    decibels(psnr - blurryPsnr),
    decibels(reblurPsnr),
  ];
}

/** A Markdown table whose columns are aligned in plain text too. @param rows the first is the header */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => (row[i] as string).length)));
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  // Words at the left, numbers at the right.
  const [header = "", ...body] = rows.map((row) =>
    line(
      row.map((cell, i) =>
        i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number),
      ),
    ),
  );
  const rule = line(
    widths.map((width, i) => (i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)),
  );
  return header + rule + body.join("");
}
