/** Declares the facts of a video known before its first frame, its progress and its result. */
import type { RunPlan } from "../plan/run-facts.ts";

/** The plan of a video's run, known before the first frame. */
export interface VideoPlan
  extends Pick<
    RunPlan,
    "input" | "output" | "engine" | "preset" | "tile" | "halo" | "scale" | "inFlight"
  > {
  readonly width: number;
  readonly height: number;
  /** The form of its samples, as the stream names it. */
  readonly form: string;
  /** Matrix of the luma weights; undefined: each image has its own. */
  readonly matrix: string | undefined;
  /** Range of the levels; undefined: each image has its own. */
  readonly levels: string | undefined;
  /** Frames a second; undefined: the stream gives none. */
  readonly rate: number | undefined;
  /** undefined: unknown before the end of the stream. */
  readonly frames: number | undefined;
  /** Tiles of each frame. */
  readonly tiles: number;
  readonly framesInFlight: number;
}

/** The progress after each delivered frame. */
export interface VideoProgress {
  readonly framesDone: number;
  /** undefined: unknown before the end of the stream. */
  readonly framesTotal: number | undefined;
}

/** The result of a video's run. */
export interface VideoResult {
  readonly input: string;
  readonly output: string;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** Number of failed tiles, which were left blurry. */
  readonly copied: number;
}
