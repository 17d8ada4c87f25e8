/** Measures sets of subjects and writes a table line by line. A bad image is reported, and the rest is measured. */
import type { Writable } from "node:stream";
import { isDeblurError } from "../../errors.ts";
import { written } from "../../io/system/standard-output.ts";
import { describeError, ImagesFailedError } from "../../text/describe-error.ts";
import { type EvaluateImageOptions, evaluateImage } from "./evaluate-image.ts";
import type { EvaluationRuntime } from "./evaluation-runtime.ts";
import type { Subject } from "./find-subjects.ts";
import { type Score, summarise } from "./score.ts";
import { columnsOf, meansOf, type SetFacts, type Table } from "./tables/table.ts";

/** Where results and messages go. */
export interface EvaluationOutput {
  readonly table: Table;
  /** The table writes to it. When its reader goes away, the evaluation ends. */
  readonly stdout: Writable;
  readonly onNote: (message: string) => void;
}

/**
 * Measures each set, by its name, on its own.
 * @throws ImagesFailedError at the end where images failed; ReaderGoneError; as `evaluateSet`
 */
export async function evaluateSets(
  sets: ReadonlyMap<string, readonly Subject[]>,
  runtime: EvaluationRuntime,
  given: EvaluateImageOptions,
  { table, stdout, onNote }: EvaluationOutput,
): Promise<void> {
  const failures: unknown[] = [];
  let measured = 0;
  for (const [set, subjects] of sets) {
    const facts = factsOf(set, subjects, runtime, given);
    const before = failures.length;
    const scores: Score[] = [];
    table.start(facts);
    for await (const outcome of evaluateSet(subjects, runtime, given)) {
      if ("score" in outcome) {
        scores.push(outcome.score);
        table.picture(outcome.score);
      } else {
        const { subject, error } = outcome;
        failures.push(error);
        table.failure(subject.name, error);
        onNote(`${subject.name} failed: ${describeError(error)}`);
      }
      await written(stdout, "", given.signal);
    }
    measured += scores.length;
    table.end(summarise(scores, failures.length - before), meansOf(columnsOf(facts), scores));
  }
  if (failures.length === 0) return;
  throw new ImagesFailedError(failures, measured + failures.length);
}

function factsOf(
  set: string,
  subjects: readonly Subject[],
  { engine, preset }: EvaluationRuntime,
  { options, baseline, align = false }: EvaluateImageOptions,
): SetFacts {
  return {
    set,
    names: subjects.map(({ name }) => name),
    truth: subjects.some(({ sharp }) => sharp !== undefined),
    baseline,
    align,
    kernels: engine.kernelField !== undefined,
    engine: engine.identity,
    preset,
    tile: options.tile,
    halo: options.halo,
    scale: options.scale,
  };
}

/** The result of one subject. */
type Outcome =
  | { readonly subject: Subject; readonly score: Score }
  | { readonly subject: Subject; readonly error: Error & { readonly exitCode: number } };

/**
 * Measures subjects one after the other.
 * @throws an error that no image caused: of an engine, of the program; the signal's reason
 */
async function* evaluateSet(
  subjects: readonly Subject[],
  runtime: EvaluationRuntime,
  options: EvaluateImageOptions,
): AsyncGenerator<Outcome> {
  for (const subject of subjects) {
    options.signal.throwIfAborted();
    try {
      yield { subject, score: await evaluateImage(subject, runtime, options) };
    } catch (error) {
      if (options.signal.aborted || !causedByImage(error)) throw error;
      yield { subject, error };
    }
  }
}

function causedByImage(error: unknown): error is Error & { readonly exitCode: number } {
  if (!isDeblurError(error, "InputError", "NoInputError", "IoError", "TileError")) return false;
  return !isDeblurError(error.cause, "UnavailableError");
}
