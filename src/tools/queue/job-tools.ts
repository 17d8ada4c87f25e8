/** Declares what a worker gives its jobs, and their results. */
import type { OpenEngine } from "../../pipeline/engines/choose-engine.ts";
import type { OpenRuns } from "./open-runs.ts";

/** What the jobs of a worker use. */
export interface JobTools {
  /** A real path. */
  readonly root: string;
  /** Identifies this attempt at a job in the names of unfinished files. */
  readonly job: string;
  readonly threads: number;
  /** Most bytes for the job; undefined: as many as its tiles need. */
  readonly memory: number | undefined;
  readonly runs: OpenRuns;
  readonly openEngine: OpenEngine;
  readonly signal: AbortSignal;
  /** Called for each finished tile or frame. */
  progress(done: number): void;
  note(line: string): void;
}

/** The result of a job, as the queue keeps it. */
export interface JobResult {
  readonly kind: string;
  /** Tiles, pictures or frames. */
  readonly items: number;
  /** Tiles that were computed, not found. */
  readonly computed?: number;
  /** Measured seconds a tile, and the engine, net and tile that they hold for. */
  readonly pace?: { readonly key: string; readonly seconds: number };
}
