/** Declares what a run is given: its callbacks, its signal and the images it has to make. */
import type { Readable, Writable } from "node:stream";
import type { OutputForm } from "../../io/formats/output-form.ts";
import type { Progress } from "../../operators/stages/tile.ts";
import type { RuntimeContext } from "../engines/runtime.ts";
import type { FieldFile } from "../kernel-files/field-form.ts";
import type { FileOptions } from "../options/file-options.ts";
import type { RunPlan } from "./run-facts.ts";

/** The callbacks of a run and the signal that stops it. */
export interface RunContext extends RuntimeContext {
  readonly signal?: AbortSignal;
  /** For each image, before its first tile. */
  readonly onStart?: (plan: RunPlan) => void;
  /** For each tile whose result is stored. */
  readonly onProgress?: (progress: Progress) => void;
  /** A notice for the user that the run survives, in one line. */
  readonly onNote?: (message: string) => void;
  /** What an input "-" stands for; the process's unless given. */
  readonly stdin?: Readable;
  /** What an output "-" stands for; the process's unless given. */
  readonly stdout?: Writable;
}

/** One image of a run. */
export interface ImageJob {
  readonly input: string;
  readonly output: string;
  /** The files of kernels and sigma written besides. */
  readonly fieldFiles: readonly FieldFile[];
  /** Complete and checked. */
  readonly options: FileOptions;
  /** undefined: the format of the input, unless `options` choose another. */
  readonly form?: OutputForm;
  /** The same job may be done again later and resume this one. */
  readonly resumable: boolean;
  /** The image's number among `files`, from 1. */
  readonly file: number;
  readonly files: number;
  readonly context: RunContext;
}
