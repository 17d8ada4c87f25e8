/**
 * Keeps samples of a net's progress: a sheet for each measurement, in a file that a resumed run reads. The number of
 * sheets is bounded, so page and file stay small.
 */
import { readFile } from "node:fs/promises";
import { IoError } from "../../errors.ts";
import { replaceFile } from "../../io/system/publish.ts";
import { systemCode, systemMessage } from "../../io/system/system-error.ts";
import type { Measured } from "../../model/training/measure.ts";
import type { SampleOfPair, SamplePair } from "./sample-sheet.ts";

/** The net's results for each pair at a measurement. */
export interface SampleSheet {
  readonly iteration: number;
  /** Means over all pairs, not only these. */
  readonly found: Measured;
  /** In the order of the pairs. */
  readonly samples: readonly SampleOfPair[];
}

/** Pairs, and sheets of them, oldest first. */
export interface KeptSamples {
  readonly pairs: readonly SamplePair[];
  readonly sheets: readonly SampleSheet[];
}

export interface SampleHistory extends KeptSamples {
  /** @throws IoError where the disk refuses */
  add(pairs: readonly SamplePair[], sheet: SampleSheet): Promise<void>;
}

/** Sheets kept: a page of four pairs of 256×256 stays below 4 MB. */
const room = 12;

/**
 * Opens the file at `path`, which need not exist. Sheets of steps after `iteration` are dropped: they will be made again.
 * @throws IoError where the disk refuses
 */
export async function openSampleHistory(path: string, iteration: number): Promise<SampleHistory> {
  let { pairs, sheets } = await samplesAt(path);
  sheets = sheets.filter((sheet) => sheet.iteration <= iteration);
  return {
    get pairs() {
      return pairs;
    },
    get sheets() {
      return sheets;
    },
    async add(now, sheet) {
      pairs = now;
      sheets = thinned([...sheets, sheet], room);
      await replaceFile(path, JSON.stringify({ pairs, sheets }));
    },
  };
}

/** `most` of the sheets: the first, the best and the last, and others evenly spread. */
export function thinned(sheets: readonly SampleSheet[], most: number): readonly SampleSheet[] {
  const kept = [...sheets];
  const stepOf = (i: number) => (kept[i] as SampleSheet).iteration;
  while (kept.length > most) {
    const best = bestOf(kept);
    let drop = -1;
    for (let i = 1; i < kept.length - 1; i++) {
      if (kept[i] === best) continue;
      const gap = stepOf(i + 1) - stepOf(i - 1);
      if (drop < 0 || gap < stepOf(drop + 1) - stepOf(drop - 1)) drop = i;
    }
    if (drop < 0) return kept;
    kept.splice(drop, 1);
  }
  return kept;
}

/** The sheet of the highest PSNR (re-blurred, where nothing is restored), the first of equals. */
export function bestOf(sheets: readonly SampleSheet[]): SampleSheet | undefined {
  const psnrOf = ({ found }: SampleSheet) =>
    found.psnr ?? found.reblurPsnr ?? Number.NEGATIVE_INFINITY;
  return sheets.reduce<SampleSheet | undefined>(
    (best, sheet) => (best && psnrOf(best) >= psnrOf(sheet) ? best : sheet),
    undefined,
  );
}

async function samplesAt(path: string): Promise<KeptSamples> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as KeptSamples;
  } catch (cause) {
    // Samples are for viewing only: a damaged file does not end a run.
    const none = { pairs: [], sheets: [] };
    if (cause instanceof SyntaxError || systemCode(cause) === "ENOENT") return none;
    throw new IoError(path, systemMessage(cause), { cause });
  }
}
