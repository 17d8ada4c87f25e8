/** What is known of a video before its first frame, after each, and after the last one. */
import type { RunPlan } from "../plan/run-facts.ts";

/** What was chosen, known before the first frame. */
export interface VideoPlan
  extends Pick<RunPlan, "input" | "output" | "engine" | "preset" | "tile" | "halo" | "inFlight"> {
  readonly width: number;
  readonly height: number;
  /** The form of its samples, as the stream calls it. */
  readonly form: string;
  /** What its numbers mean; none: each picture says it. */
  readonly matrix: string | undefined;
  readonly levels: string | undefined;
  /** Frames a second; none: the stream does not say. */
  readonly rate: number | undefined;
  /** None: a stream's end is not known before. */
  readonly frames: number | undefined;
  /** Of each frame. */
  readonly tiles: number;
  readonly framesInFlight: number;
}

/** Told for each frame that is delivered. */
export interface VideoProgress {
  readonly framesDone: number;
  readonly framesTotal: number | undefined;
}

/** What came of it. */
export interface VideoResult {
  readonly input: string;
  readonly output: string;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** Tiles that failed and were left as they were. */
  readonly copied: number;
}
