/** What a run is given besides its pixels: who listens to it and may stop it, and what it is to make. */
import type { Readable, Writable } from "node:stream";
import type { Progress } from "../../operators/stages/tile.ts";
import type { RuntimeContext } from "../engines/runtime.ts";
import type { FieldFile } from "../kernel-files/field-form.ts";
import type { FileOptions } from "../options/file-options.ts";
import type { RunPlan } from "./run-facts.ts";

/** Who listens to a run, and who may stop it. */
export interface RunContext extends RuntimeContext {
  readonly signal?: AbortSignal;
  /** For each picture, before its first tile. */
  readonly onStart?: (plan: RunPlan) => void;
  /** For each tile whose result is stored. */
  readonly onProgress?: (progress: Progress) => void;
  /** Something the user should know and the run survives, in one line. */
  readonly onNote?: (message: string) => void;
  /** What an input "-" stands for; the process's unless given. */
  readonly stdin?: Readable;
  /** What an output "-" stands for; the process's unless given. */
  readonly stdout?: Writable;
}

/** One picture of a run. */
export interface ImageJob {
  readonly input: string;
  readonly output: string;
  /** What is written of it besides. */
  readonly fieldFiles: readonly FieldFile[];
  readonly options: FileOptions;
  /** The output is of the input's format, whatever its name, unless `options` say another. */
  readonly keepsFormat: boolean;
  /** The same job may be done again later, and find what was kept of this one. */
  readonly resumable: boolean;
  /** Which one of how many, from 1. */
  readonly file: number;
  readonly files: number;
  readonly context: RunContext;
}
