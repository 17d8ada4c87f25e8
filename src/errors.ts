/**
 * Defines every error that a caller may want to distinguish. Each has its data in fields, composes its message, keeps
 * its `cause`, and holds the exit code of the command line (sysexits.h).
 */
import type { Rect } from "./rect.ts";

/** The stages of a tile, as errors and progress name them. */
export type StageName =
  | "decode"
  | "estimate-kernels"
  | "decode-flow"
  | "deconvolve"
  | "deblur"
  | "blend"
  | "write";

/** An option has an invalid value. Nothing was opened; the call must change. */
export class OptionError extends Error {
  readonly _tag = "OptionError";
  readonly exitCode = 2;
}

/** The input is no image of a known format, or it is damaged or cut short. Another attempt will not help. */
export class InputError extends Error {
  readonly _tag = "InputError";
  readonly exitCode = 65;
  readonly path: string;
  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`${path}: ${problem}`, options);
    this.path = path;
  }
}

/** The input does not exist or may not be read. */
export class NoInputError extends Error {
  readonly _tag = "NoInputError";
  readonly exitCode = 66;
  readonly path: string;
  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`${path}: ${problem}`, options);
    this.path = path;
  }
}

/** An engine, weights or a server are unavailable here: names what was found, what is needed, the command that gets it. */
export class UnavailableError extends Error {
  readonly _tag = "UnavailableError";
  readonly exitCode = 69;
}

/** The weights fit no known net: the message names the file or tensor and the difference. */
export class WeightsError extends Error {
  readonly _tag = "WeightsError";
  readonly exitCode = 65;
}

/** The output exists already or cannot be made. */
export class OutputError extends Error {
  readonly _tag = "OutputError";
  readonly exitCode = 73;
  readonly path: string;
  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`${path}: ${problem}`, options);
    this.path = path;
  }
}

/** The system failed to read or write: disk full, device removed. */
export class IoError extends Error {
  readonly _tag = "IoError";
  readonly exitCode = 74;
  readonly path: string;
  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`${path}: ${problem}`, options);
    this.path = path;
  }
}

/** One tile failed, and none of its pixels was written. The error has its rectangle and stage. */
export class TileError extends Error {
  readonly _tag = "TileError";
  readonly exitCode: number;
  readonly rect: Rect;
  readonly stage: StageName;
  constructor(rect: Rect, stage: StageName, problem: string, options?: ErrorOptions) {
    super(
      `tile ${rect.width}×${rect.height} at (${rect.x}, ${rect.y}), stage ${stage}: ${problem}`,
      options,
    );
    this.rect = rect;
    this.stage = stage;
    const cause = options?.cause;
    this.exitCode = isDeblurError(cause) ? cause.exitCode : 1;
  }
}

/** A stage did not answer in time. Another attempt may succeed. */
export class StageTimeoutError extends Error {
  readonly _tag = "StageTimeoutError";
  readonly exitCode = 75;
  constructor(seconds: number) {
    super(`no answer within ${seconds} s`);
  }
}

/** A stage ran out of memory. Fewer tiles in flight, or fewer other programs, may help. */
export class OutOfMemoryError extends Error {
  readonly _tag = "OutOfMemoryError";
  readonly exitCode = 75;
  constructor(problem: string, options?: ErrorOptions) {
    super(
      `out of memory (${problem}); a smaller \`tile\` or a lower \`inFlight\` needs less`,
      options,
    );
  }
}

/** The engine lost its device: driver reset, card removed, machine asleep. Another run may succeed. */
export class DeviceLostError extends Error {
  readonly _tag = "DeviceLostError";
  readonly exitCode = 75;
}

/** The reader of standard output left before everything was written: no failure, and no message. */
export class ReaderGoneError extends Error {
  readonly _tag = "ReaderGoneError";
  readonly exitCode = 141;
  constructor(options?: ErrorOptions) {
    super("the reader of standard output has gone", options);
  }
}

/** A run in a queue failed: the message names its parts, `exitCode` is theirs where they agree. */
export class RunFailedError extends Error {
  readonly _tag = "RunFailedError";
  readonly exitCode: number;
  constructor(problem: string, exitCode: number, options?: ErrorOptions) {
    super(problem, options);
    this.exitCode = exitCode;
  }
}

/** Training cannot continue: its numbers are not finite, or memory does not suffice. */
export class TrainingError extends Error {
  readonly _tag = "TrainingError";
  readonly exitCode = 1;
}

/** A source that cannot wait delivered more than fits in flight. A slower source, or policy "drop", may help. */
export class OverrunError extends Error {
  readonly _tag = "OverrunError";
  readonly exitCode = 75;
  constructor(places: number) {
    super(`received another item while all ${places} in flight were busy`);
  }
}

/** Any of the errors above. */
export type DeblurError =
  | OptionError
  | InputError
  | NoInputError
  | UnavailableError
  | WeightsError
  | OutputError
  | IoError
  | TileError
  | StageTimeoutError
  | OverrunError
  | OutOfMemoryError
  | DeviceLostError
  | ReaderGoneError
  | RunFailedError
  | TrainingError;

/** True for the errors of this module; with tags, only for those. */
export function isDeblurError(
  error: unknown,
  ...tags: DeblurError["_tag"][]
): error is DeblurError {
  if (!(error instanceof Error) || !("_tag" in error) || !("exitCode" in error)) return false;
  return tags.length === 0 || (tags as unknown[]).includes(error._tag);
}
