/** What a run tells while it goes, and who hears it: a bar, lines, JSON, or nobody. */

import type { FoundImages } from "../../io/sources/find-images.ts";
import type { Progress } from "../../operators/stages/tile.ts";
import type { FilePlace, RunPlan, RunResult } from "../../pipeline/plan/run-facts.ts";
import type { VideoPlan, VideoProgress, VideoResult } from "../../pipeline/video/video-facts.ts";

/**
 * Told of each picture: start, any number of tiles, then done or failed; or skipped alone. Where there may be
 * several: found before the first and summary after the last. Notes at any time; failed without a picture ends
 * the run.
 */
export interface Reporter {
  found(found: Found): void;
  /** Its output exists. */
  skipped(image: FilePlace): void;
  start(plan: RunPlan): void;
  /** One more tile whose result is stored. */
  tile(progress: Progress): void;
  /** Something the user should know and the run survives. */
  note(message: string): void;
  done(result: RunResult): void;
  /** `message` is one line; `picture` is the one of several that failed, while the others go on. */
  failed(message: string, error: unknown, exitCode: number, image?: FilePlace): void;
  summary(counts: SummaryCounts): void;
  /** Told of a video in place of start, tile and done. */
  readonly video: VideoReporter;
}

export interface VideoReporter {
  start(plan: VideoPlan): void;
  /** One more frame that is delivered. */
  frame(progress: VideoProgress): void;
  done(result: VideoResult): void;
}

/** How many pictures there are, and which files and folders were passed over. */
export interface Found {
  readonly files: number;
  readonly skipped: FoundImages["skipped"];
}

export interface SummaryCounts {
  readonly files: number;
  /** Their outputs existed. */
  readonly skipped: number;
  readonly failed: number;
}

/** Where a reporter writes and what time it is. */
export interface ReporterContext {
  readonly stream: NodeJS.WritableStream;
  /** Seconds, from any origin. */
  readonly now: () => number;
}
