/** Sets of subjects in, a table told line by line out; one bad picture is told, and the rest is measured. */
import type { Writable } from "node:stream";
import { written } from "../../io/system/standard-output.ts";
import { describeError, ImagesFailedError } from "../../text/describe-error.ts";
import type { EvaluateImageOptions } from "./evaluate-image.ts";
import { evaluateSet } from "./evaluate-set.ts";
import type { EvaluationRuntime } from "./evaluation-runtime.ts";
import type { Subject } from "./find-subjects.ts";
import type { Score } from "./score.ts";
import { summarise } from "./summarise.ts";
import { columnsOf, meansOf, type SetFacts, type Table } from "./tables/table.ts";

/** Where it is told. */
export interface Telling {
  readonly table: Table;
  /** What the table writes to: where its reader has gone, nothing more is measured. */
  readonly stdout: Writable;
  readonly onNote: (message: string) => void;
}

/**
 * Measures each set, by its name, on its own.
 * @throws PicturesFailedError at the end where pictures failed; ReaderGoneError; as `evaluateSet`
 */
export async function evaluateSets(
  sets: ReadonlyMap<string, readonly Subject[]>,
  runtime: EvaluationRuntime,
  given: EvaluateImageOptions,
  { table, stdout, onNote }: Telling,
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
  throw new ImagesFailedError("could not be measured", failures, measured + failures.length);
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
  };
}
