/** Declares what the jobs of a run are made from. */
import type { RuntimeContext } from "../../pipeline/engines/runtime.ts";
import type { FileOptions } from "../../pipeline/options/file-options.ts";
import type { JobFiles } from "./job-files.ts";
import type { JobResult } from "./job-tools.ts";

/** A run to submit. */
export interface Submission {
  readonly inputs: readonly string[];
  readonly output: string;
  /** A real path, and the output and other files below it. */
  readonly root: string;
  readonly outputBelow: string;
  readonly files: JobFiles;
  readonly options: Partial<FileOptions>;
  readonly partSize: number | undefined;
  readonly skipExisting: boolean;
  readonly context: RuntimeContext;
  /** Number of workers in the queue now. */
  readonly workers: number;
  /** Results of parts that were done lately, the newest first. */
  readonly lately: readonly JobResult[];
}
