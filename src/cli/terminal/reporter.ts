/** Declares the events of a run that a reporter receives: a bar, lines, JSON, or errors alone. */

import type { FoundImages } from "../../io/sources/find-images.ts";
import type { Progress } from "../../operators/stages/tile.ts";
import type { FilePlace, RunPlan, RunResult } from "../../pipeline/plan/run-facts.ts";
import type { VideoPlan, VideoProgress, VideoResult } from "../../pipeline/video/video-facts.ts";
import type { QueueProgress } from "../../tools/queue/progress-facts.ts";
import type { SubmittedRun } from "../../tools/queue/submit-run.ts";

/**
 * Called for each image: start, any number of tiles, then done or failed; or skipped alone. Where there may be several:
 * found before the first, and summary after the last. Notes come at any time; failed without an image ends the run.
 */
export interface Reporter {
  found(found: Found): void;
  /** The image's output exists. */
  skipped(image: FilePlace): void;
  start(plan: RunPlan): void;
  /** One more tile whose result is stored. */
  tile(progress: Progress): void;
  /** A notice for the user that the run survives. */
  note(message: string): void;
  done(result: RunResult): void;
  /** `message` is one line; `image` is the one of several that failed, and the others continue. */
  failed(message: string, error: unknown, exitCode: number, image?: FilePlace): void;
  summary(counts: SummaryCounts): void;
  /** Called for a video instead of start, tile and done. */
  readonly video: VideoReporter;
  /** Called for a run in a queue instead of start, tile and done. */
  readonly queue: QueueReporter;
}

export interface QueueReporter {
  start(run: SubmittedRun): void;
  progress(progress: QueueProgress): void;
  done(run: SubmittedRun): void;
}

export interface VideoReporter {
  start(plan: VideoPlan): void;
  /** One more delivered frame. */
  frame(progress: VideoProgress): void;
  done(result: VideoResult): void;
}

/** The number of images, and the files and folders that were skipped. */
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

/** The stream a reporter writes to, and a clock. */
export interface ReporterContext {
  readonly stream: NodeJS.WritableStream;
  /** Seconds, from any origin. */
  readonly now: () => number;
}
