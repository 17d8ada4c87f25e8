/** Writes the log of training, a JSON object a line, in one file for all stages; a resumed run reads it. */
import { appendFile, readFile } from "node:fs/promises";
import { IoError } from "../../errors.ts";
import { replaceFile } from "../../io/system/publish.ts";
import { systemCode, systemMessage } from "../../io/system/system-error.ts";
import type { Measured } from "../../model/training/measure.ts";
import type { TrainStage } from "../../model/training/settings.ts";

/** Summary of some iterations, or of a measurement. */
export interface TrainRecord {
  readonly stage: TrainStage;
  /** Steps made. */
  readonly iteration: number;
  /** Of the whole run; undefined: not known yet. */
  readonly iterations: number | undefined;
  /** Mean since the record before. */
  readonly loss: number;
  /** Norm of the last gradient before clipping. */
  readonly norm: number;
  readonly lr: number;
  /** Time spent computing since the stage began. */
  readonly seconds: number;
  /** Part of the time since the record before spent waiting for pairs or kernels, 0..1. */
  readonly waited: number;
  /** Of the last batch: patches, and their side in pixels; undefined: a stage without patches, or an old log. */
  readonly batch?: number;
  readonly patch?: number;
  readonly validation?: Measured;
}

export interface TrainLog {
  /** Records of this stage, oldest first; grows. */
  readonly records: readonly TrainRecord[];
  /** Records of all stages: others, then this one. */
  readonly all: readonly TrainRecord[];
  add(record: TrainRecord): Promise<void>;
}

/**
 * Opens the log at `path`, which need not exist. Records of the stage after `iteration` are dropped: they will be made
 * again.
 * @throws IoError where the disk refuses
 */
export async function openTrainLog(
  path: string,
  stage: TrainStage,
  iteration: number,
): Promise<TrainLog> {
  const lines = (await textOf(path)).split("\n").flatMap(recordIn);
  const kept = lines.filter((record) => record.stage !== stage || record.iteration <= iteration);
  await replaceFile(path, kept.map(lineOf).join(""));
  const records = kept.filter((record) => record.stage === stage);
  const others = kept.filter((record) => record.stage !== stage);
  return {
    records,
    get all() {
      return [...others, ...records];
    },
    async add(record) {
      records.push(record);
      await appendFile(path, lineOf(record)).catch((cause: unknown) => {
        throw new IoError(path, systemMessage(cause), { cause });
      });
    },
  };
}

/** A record as a line of the log. */
export function lineOf(record: TrainRecord): string {
  return `${JSON.stringify(record)}\n`;
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return "";
    throw new IoError(path, systemMessage(cause), { cause });
  }
}

/** The line's record; a line cut short by a power failure has none. */
function recordIn(line: string): TrainRecord[] {
  try {
    return [JSON.parse(line) as TrainRecord];
  } catch {
    return [];
  }
}
