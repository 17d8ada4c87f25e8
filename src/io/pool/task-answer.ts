/** Carries a refusal of the system out of a thread: thrown there, an error would lose its class on the way. */
import { IoError } from "../../errors.ts";
import { systemMessage } from "../system/system-error.ts";

/** A task's result, or the file that could not be read or written, and why. */
export type Answer<T> =
  | { readonly value: T }
  | { readonly refused: { readonly path: string; readonly problem: string } };

/** In a task: the result of `call`, or the IoError it throws. Other errors are thrown. */
export function answer<T>(call: () => T): Answer<T> {
  try {
    return { value: call() };
  } catch (error) {
    if (!(error instanceof IoError)) throw error;
    const { path, message, cause } = error;
    const problem = cause === undefined ? message.slice(`${path}: `.length) : systemMessage(cause);
    return { refused: { path, problem } };
  }
}

/** In the caller's thread: the task's result. @throws IoError */
export function granted<T>(answer: Answer<T>): T {
  if ("value" in answer) return answer.value;
  throw new IoError(answer.refused.path, answer.refused.problem);
}
