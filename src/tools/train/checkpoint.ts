/**
 * Writes and reads the checkpoint of a training run: one safetensors file with everything that resuming needs, replaced
 * as a whole. It records the run's options.
 */
import { OptionError } from "../../errors.ts";
import { replaceFile } from "../../io/system/publish.ts";
import { readWhole } from "../../io/system/read-whole.ts";
import type { SavedState } from "../../model/training/trainer.ts";
import { readSafetensors } from "../../model/weights/safetensors.ts";
import type { Weights } from "../../model/weights/weights.ts";
import { writeSafetensors } from "../../model/weights/write-safetensors.ts";
import { inFile } from "../../pipeline/engines/load-weights.ts";

/** The options that decide a run's numbers, by name; null: not given. */
export type TrainIdentity = Readonly<Record<string, string | number | null>>;

export interface Checkpoint {
  readonly identity: TrainIdentity;
  readonly state: SavedState;
  /** Weights of the net when the stage began. */
  readonly weights: Weights;
  /** Of the whole run; undefined: not known yet. */
  readonly iterations: number | undefined;
  /** Losses since the log's last line. */
  readonly losses: readonly number[];
  /** Time spent computing so far. */
  readonly seconds: number;
}

/** @throws IoError where the disk refuses; the previous checkpoint is kept */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const { identity, state, weights, iterations, losses, seconds } = checkpoint;
  const begun = [...weights].map(([name, tensor]) => [`begun/${name}`, tensor] as const);
  const run = { identity, iteration: state.iteration, iterations, losses, seconds };
  const bytes = writeSafetensors(
    new Map([...state.tensors, ...begun]),
    { run: JSON.stringify(run) },
    "F32",
  );
  await replaceFile(path, bytes);
}

/**
 * @throws OptionError naming each option that differs from the run's; WeightsError where the file is damaged or is no
 *   checkpoint; NoInputError, IoError
 */
export async function readCheckpoint(path: string, identity: TrainIdentity): Promise<Checkpoint> {
  const bytes = await readWhole(path);
  const { tensors, metadata } = inFile(path, () => readSafetensors(bytes));
  const run = JSON.parse(metadata["run"] ?? "{}") as Omit<Checkpoint, "state" | "weights"> & {
    readonly iteration: number;
  };
  refuseOther(path, run.identity ?? {}, identity);
  const begun = [...tensors].filter(([name]) => name.startsWith("begun/"));
  return {
    ...run,
    state: {
      iteration: run.iteration,
      tensors: new Map([...tensors].filter(([name]) => !name.startsWith("begun/"))),
    },
    weights: new Map(begun.map(([name, tensor]) => [name.slice("begun/".length), tensor])),
  };
}

function refuseOther(path: string, begun: TrainIdentity, now: TrainIdentity): void {
  const names = new Set([...Object.keys(begun), ...Object.keys(now)]);
  const other = [...names].filter((name) => (begun[name] ?? null) !== (now[name] ?? null));
  if (other.length === 0) return;
  const list = other.map((name) => `${name} ${shown(begun[name])}, now ${shown(now[name])}`);
  throw new OptionError(
    `Expected the options the run of ${path} started with but received others: ${list.join("; ")}; give those, or another \`out\``,
  );
}

function shown(value: string | number | null | undefined): string {
  return value === null || value === undefined ? "none" : String(value);
}
