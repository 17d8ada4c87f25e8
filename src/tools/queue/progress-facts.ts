/** Declares the state of a run in a queue. */
import type { JobProblem } from "./job-error.ts";
import type { RunKind } from "./queue-run.ts";

/** The state of a run in a queue. */
export interface QueueProgress {
  readonly id: string;
  readonly kind: RunKind;
  /** "ending": its parts are done, and its output is being made. */
  readonly state: "waiting" | "working" | "ending" | "done" | "failed";
  /** Ranges, pictures or segments; finished and failed ones among them. */
  readonly parts: number;
  readonly partsDone: number;
  readonly partsFailed: number;
  /** Tiles, pictures or frames, and how many are done, about: exact when the parts are. */
  readonly items: number;
  readonly itemsDone: number;
  /** Jobs of the run that are being done now. */
  readonly working: number;
  /** Workers of the queue. */
  readonly workers: number;
  /** Why parts failed so far; while the run lasts, others continue. */
  readonly problems: readonly JobProblem[];
  /** Why the run failed; undefined: it has not. */
  readonly failure: JobProblem | undefined;
}
