/** Subjects in, a score for each out, one after the other; what cannot be measured is told, and the rest goes on. */
import { isDeblurError } from "../../errors.ts";
import { type EvaluateImageOptions, evaluateImage } from "./evaluate-image.ts";
import type { EvaluationRuntime } from "./evaluation-runtime.ts";
import type { Subject } from "./find-subjects.ts";
import type { Score } from "./score.ts";

/** What became of one subject. */
export type Outcome =
  | { readonly subject: Subject; readonly score: Score }
  | { readonly subject: Subject; readonly error: Error & { readonly exitCode: number } };

/** @throws what is no fault of a picture: an engine that is gone, the signal's reason, a mistake of ours */
export async function* evaluateSet(
  subjects: readonly Subject[],
  runtime: EvaluationRuntime,
  options: EvaluateImageOptions,
): AsyncGenerator<Outcome> {
  for (const subject of subjects) {
    options.signal.throwIfAborted();
    try {
      yield { subject, score: await evaluateImage(subject, runtime, options) };
    } catch (error) {
      if (options.signal.aborted || !isFaultOfImage(error)) throw error;
      yield { subject, error };
    }
  }
}

function isFaultOfImage(error: unknown): error is Error & { readonly exitCode: number } {
  if (!isDeblurError(error, "InputError", "NoInputError", "IoError", "TileError")) return false;
  return !isDeblurError(error.cause, "UnavailableError");
}
