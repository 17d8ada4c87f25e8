/**
 * Every error a caller may want to tell apart. Each carries its data in fields, composes its message
 * itself, keeps its `cause`, and knows the exit code of the command line (sysexits.h).
 */
import type { Rect } from "./rect.ts";

/** The steps a tile goes through, as errors and progress name them. */
export type StageName =
  | "decode"
  | "estimate-kernels"
  | "decode-flow"
  | "deblur"
  | "blend"
  | "write";

/** An option has a value it cannot have. The caller fixes the call; nothing was opened. */
export class OptionError extends Error {
  readonly _tag = "OptionError";
  readonly exitCode = 2;
}

/** The input is not a picture we read, or it is damaged or cut short. Another attempt will not help. */
export class InputError extends Error {
  readonly _tag = "InputError";
  readonly exitCode = 65;
  readonly path: string;
  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`${path}: ${problem}`, options);
    this.path = path;
  }
}

/** There is no input at that path, or it may not be read. */
export class NoInputError extends Error {
  readonly _tag = "NoInputError";
  readonly exitCode = 66;
  readonly path: string;
  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`${path}: ${problem}`, options);
    this.path = path;
  }
}

/** An engine or weights are unavailable here: names what was found, what is needed, the command that gets it. */
export class UnavailableError extends Error {
  readonly _tag = "UnavailableError";
  readonly exitCode = 69;
}

/** The weights are not weights of a net we know: names the file or tensor and the difference. */
export class WeightsError extends Error {
  readonly _tag = "WeightsError";
  readonly exitCode = 65;
}

/** The output exists already, or cannot be made where it was asked for. */
export class OutputError extends Error {
  readonly _tag = "OutputError";
  readonly exitCode = 73;
  readonly path: string;
  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`${path}: ${problem}`, options);
    this.path = path;
  }
}

/** Reading or writing failed underneath us: disk full, device gone. */
export class IoError extends Error {
  readonly _tag = "IoError";
  readonly exitCode = 74;
  readonly path: string;
  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`${path}: ${problem}`, options);
    this.path = path;
  }
}

/** One tile failed; no pixel of it was written. Its rectangle and stage say where to look. */
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

/** A stage did not answer in time. What hangs once may not hang again. */
export class StageTimeoutError extends Error {
  readonly _tag = "StageTimeoutError";
  readonly exitCode = 75;
  constructor(seconds: number) {
    super(`no answer within ${seconds} s`);
  }
}

/** A stage had not enough memory. With fewer tiles in flight, or less else on the machine, it may have. */
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

/** The device went away under the engine: driver reset, card removed, machine asleep. Another run may find it again. */
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

/** Training cannot continue: its numbers are not finite, or memory does not suffice. */
export class TrainingError extends Error {
  readonly _tag = "TrainingError";
  readonly exitCode = 1;
}

/** A source that cannot wait brought more than there were places for. A slower source, or "drop", may fare better. */
export class OverrunError extends Error {
  readonly _tag = "OverrunError";
  readonly exitCode = 75;
  constructor(places: number) {
    super(`one more came while all ${places} in flight were under way`);
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
  | TrainingError;

/** True for the errors of this module; with tags, only for those. */
export function isDeblurError(
  error: unknown,
  ...tags: DeblurError["_tag"][]
): error is DeblurError {
  if (!(error instanceof Error) || !("_tag" in error) || !("exitCode" in error)) return false;
  return tags.length === 0 || (tags as unknown[]).includes(error._tag);
}
