/** Words the lines of a run of images, for logs and above a bar. */

import type { EngineIdentity } from "../../model/engine.ts";
import type { FilePlace, RunPlan, RunResult } from "../../pipeline/plan/run-facts.ts";
import { clock, counted, megapixels, plain, shownPath } from "../../text/words.ts";
import type { Found, SummaryCounts } from "./reporter.ts";

/** Most skipped files named in a line. */
const mostNames = 3;

/** False where the run has a single image and nothing was skipped. */
export function isWorthTelling({ files, skipped }: Found): boolean {
  return files + skipped.length > 1;
}

/** The number of images in one line, with the files that were skipped. */
export function foundLine({ files, skipped }: Found): string {
  const others = skipped.filter(({ why }) => why === "other").map(({ path }) => path);
  const hidden = skipped.length - others.length;
  const names = others.slice(0, mostNames).join(", ");
  const more = others.length > mostNames ? ", …" : "";
  const skips = [
    ...(hidden === 0 ? [] : [`${hidden} hidden`]),
    ...(others.length === 0 ? [] : [`${others.length} not named as pictures (${names}${more})`]),
  ];
  const rest = skips.length === 0 ? "" : `; skipped: ${skips.join(", ")}`;
  return `${counted(files, "picture")}${rest}`;
}

/** Reports that the output of a single image, or `count` outputs in a row, exist. */
function skippedLine(last: FilePlace, count: number): string {
  if (last.files === 1) return `${last.output}: exists, skipped`;
  return `${placeOf(last)}${counted(count, "output")} ${count === 1 ? "exists" : "exist"}, skipped`;
}

/** "[3/120] " among several images; empty for a single one. */
export function placeOf({ file, files }: Pick<FilePlace, "file" | "files">): string {
  return files === 1 ? "" : `[${file}/${files}] `;
}

/** The plan of a run in one line. */
export function planLine(plan: RunPlan): string {
  const { engine, preset } = plan;
  const size = `${plan.width}×${plan.height}, ${plan.channels} × ${plan.bits} bits`;
  const device = engineWords(engine);
  const net = preset === undefined ? device : `${device}, preset ${preset}`;
  const side = `${plan.tileWidth}×${plan.tileHeight}`;
  const tiles = `${counted(plan.tiles, "tile")} of ${side} (halo ${plan.halo}${scaleWords(plan)})`;
  const input = shownPath(plan.input, "standard input");
  return `${input}: ${size}; engine ${net}; ${tiles}, ${plan.inFlight} in flight`;
}

/**
 * The result of a run in one line, with further lines where tiles were copied. The rate is left out where it would
 * mislead: one tile is mostly start-up, and `kept` tiles were computed in an earlier run.
 */
export function resultLine(result: RunResult, seconds: number, kept = 0): string {
  const { width, height, copied, flat, sharp, tiles, shard } = result;
  const output = shownPath(result.output, "standard output");
  if (shard !== undefined) return shardLine(output, shard, seconds);
  const rate = `, ${plain((width * height) / 1e6 / seconds)} MP/s`;
  const took = `${output}: ${megapixels(width, height)} in ${plain(seconds)} s`;
  const of = ` of ${counted(tiles, "tile")}`;
  const lines = [tiles > 1 && kept === 0 ? `${took}${rate}` : took];
  if (flat > 0) lines.push(`${flat}${of} ${flat === 1 ? "was" : "were"} flat and copied`);
  if (sharp > 0) lines.push(`${sharp}${of} ${sharp === 1 ? "was" : "were"} sharp and copied`);
  if (copied.length > 0) lines.push(`${copied.length}${of} failed and stayed blurry`);
  return lines.join("\n");
}

function shardLine(
  run: string,
  { start, end, of }: NonNullable<RunResult["shard"]>,
  seconds: number,
): string {
  const which = end > start ? `tiles ${start} to ${end - 1} of ${of}` : `no tile of ${of}`;
  return `${run}: ${which} in ${clock(seconds)}`;
}

/** The result of several images. */
export function summaryLine({ files, skipped, failed }: SummaryCounts, seconds: number): string {
  const made = files - skipped - failed;
  const done = made === files ? counted(files, "picture") : `${made} of ${files} pictures`;
  const rest = skipped === 0 ? "" : `; ${skipped} skipped`;
  return `${done} in ${clock(seconds)}${rest}`;
}

/** ", scale 2"; empty at full size. */
export function scaleWords({ scale }: Pick<RunPlan, "scale">): string {
  return scale === 1 ? "" : `, scale ${scale}`;
}

/** An engine, and what it computes on where that is not the processor. */
export function engineWords({ engine, precision, adapter }: EngineIdentity): string {
  if (precision === "int8") return `${engine} (int8)`;
  return adapter === undefined ? engine : `${engine} on ${adapter}`;
}

interface Skips {
  add(image: FilePlace): void;
  /** Writes the pending line, if any; that of the last image is written at once. */
  report(): void;
}

/** Reports images whose outputs exist, in one line for all that follow each other. */
export function openSkips(line: (text: string) => void): Skips {
  let count = 0;
  let last: FilePlace | undefined;
  const report = (): void => {
    if (last !== undefined) line(skippedLine(last, count));
    count = 0;
    last = undefined;
  };
  return {
    add(image) {
      count++;
      last = image;
      if (image.file === image.files) report();
    },
    report,
  };
}
