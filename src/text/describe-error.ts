/** Turns errors into text and exit codes: one line for an expected error, the stack for any other. */
import { isDeblurError } from "../errors.ts";

/** The message in one line; the stack of an unexpected error, for the bug report. */
export function describeError(error: unknown): string {
  if (isDeblurError(error)) return oneLine(error.message);
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The exit code an error stands for. */
export function exitCodeOf(error: unknown): number {
  return isDeblurError(error) ? error.exitCode : 1;
}

/** Joins the lines of a text into one. */
export function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, "; ");
}

/** Ends a run of several images of which some failed; each failure has been reported before. */
export class ImagesFailedError extends Error {
  readonly _tag = "ImagesFailedError";
  /** That of all failures where they agree, else 1. */
  readonly exitCode: number;

  /** The error of each failed image. */
  readonly failures: readonly unknown[];

  constructor(failures: readonly unknown[], images: number) {
    super(`${failures.length} of ${images} pictures failed`);
    this.failures = failures;
    const [first = 1, ...others] = failures.map(exitCodeOf);
    this.exitCode = others.every((code) => code === first) ? first : 1;
  }
}
