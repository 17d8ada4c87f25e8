/** What a run tells while it goes, and who hears it: a bar, lines, JSON, or nobody. */
import type { Progress } from "../../operators/tile.ts";
import type { RunPlan, RunResult } from "../run-facts.ts";

/** Told in this order: start, any number of tiles, then done or failed, once; notes at any time. */
export interface Reporter {
  start(plan: RunPlan): void;
  /** One more tile whose result is stored. */
  tile(progress: Progress): void;
  /** Something the user should know and the run survives. */
  note(message: string): void;
  done(result: RunResult): void;
  /** `message` is one line. */
  failed(message: string, error: unknown, exitCode: number): void;
}

/** Where a reporter writes and what time it is. */
export interface ReporterContext {
  readonly stream: NodeJS.WritableStream;
  /** Seconds, from any origin. */
  readonly now: () => number;
}
