/** Declares the inputs of a run: its callbacks, its signal and its images. */
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
  /** Called for each image, before its first tile. */
  readonly onStart?: (plan: RunPlan) => void;
  /** Called for each tile whose result is stored. */
  readonly onProgress?: (progress: Progress) => void;
  /** Receives one line for each notice to the user; the run continues. */
  readonly onNote?: (message: string) => void;
  /** Read for an input "-". Default: standard input of the process. */
  readonly stdin?: Readable;
  /** Written for an output "-". Default: standard output of the process. */
  readonly stdout?: Writable;
}

/** One image of a run. */
export interface ImageJob {
  readonly input: string;
  readonly output: string;
  /** The files of kernels and sigma beside the output. */
  readonly fieldFiles: readonly FieldFile[];
  /** Complete and checked. */
  readonly options: FileOptions;
  /** undefined: the format of the input, unless `options` choose another. */
  readonly form?: OutputForm;
  /** A later run of the same job may resume this one. */
  readonly resumable: boolean;
  /** The image's number among `files`, from 1. */
  readonly file: number;
  readonly files: number;
  readonly context: RunContext;
}
