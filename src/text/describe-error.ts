/** An error in, what a person is told of it out: one line, unless it should not happen at all. */
import { isDeblurError } from "../errors.ts";
import { oneLine } from "./one-line.ts";

/** The message in one line; the stack of an error that is none of ours, for whoever reports it. */
export function describeError(error: unknown): string {
  if (isDeblurError(error)) return oneLine(error.message);
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The exit code an error stands for. */
export function exitCodeOf(error: unknown): number {
  return isDeblurError(error) ? error.exitCode : 1;
}
