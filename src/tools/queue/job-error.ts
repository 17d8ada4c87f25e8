/** Carries an error through the queue as text, with its exit code, and finds out whose fault it is. */
import { isDeblurError } from "../../errors.ts";
import { systemCode } from "../../io/system/system-error.ts";
import { describeError, exitCodeOf, oneLine } from "../../text/describe-error.ts";

/** Why a job failed. */
export interface JobProblem {
  readonly message: string;
  /** As of the command that fails so. */
  readonly exitCode: number;
}

/** The reason of a failed job as BullMQ stores it. */
export function reasonOf(error: unknown, part = ""): string {
  const [line = ""] = describeError(error).split("\n");
  return `${part === "" ? "" : `${part}: `}${oneLine(line)} (exit code ${exitCodeOf(error)})`;
}

/** Reads a reason back. A job whose workers vanished has a reason of BullMQ's. */
export function problemOf(reason: string | undefined): JobProblem {
  const text = oneLine(reason ?? "unknown");
  const [, message, code] = /^(.*) \(exit code (\d{1,3})\)$/s.exec(text) ?? [];
  if (message !== undefined) return { message, exitCode: Number(code) };
  if (/stalled more than/.test(text)) {
    return { message: "its workers were killed, or lost Redis, too often", exitCode: 75 };
  }
  return { message: text, exitCode: 1 };
}

/** The exit code of several problems: theirs if they agree, else 1. */
export function commonCode(problems: readonly JobProblem[]): number {
  const [first = 1, ...others] = problems.map(({ exitCode }) => exitCode);
  return others.every((code) => code === first) ? first : 1;
}

/** Errors of a disk that another worker's may not have. */
const ofDisk: readonly string[] = [
  "ENOSPC",
  "EDQUOT",
  "EROFS",
  "EIO",
  "ESTALE",
  "EMFILE",
  "ENFILE",
];

/** True where the worker cannot work, and another may: no engine, a full disk. */
export function isOfWorker(error: unknown): boolean {
  if (!isDeblurError(error)) return false;
  if (error._tag === "UnavailableError") return true;
  if (error._tag === "TileError") return isOfWorker(error.cause);
  return error._tag === "IoError" && ofDisk.includes(systemCode(error.cause) ?? "");
}

/** True where another attempt gives the same. */
export function isFinal(error: unknown): boolean {
  return isDeblurError(error, "InputError", "WeightsError", "OptionError", "RunFailedError");
}
