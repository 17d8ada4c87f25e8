/** Chooses how many tiles a job has, so that a worker takes minutes: long against the queue, short when it is lost. */
import type { RunPlan } from "../../pipeline/plan/run-facts.ts";

/** Identifies the conditions under which seconds a tile were measured: engine, net and size of tiles. */
export function paceKey({
  engine,
  preset,
  tile,
  scale,
}: Pick<RunPlan, "engine" | "preset" | "tile" | "scale">): string {
  return [engine.engine, engine.precision, preset ?? "none", tile, scale].join(" ");
}

/** Seconds of a range: of one to five minutes, near the short end, so that the last ranges end together. */
const wanted = 120;

/**
 * The number of ranges for `tiles`, each taking two minutes at `secondsPerTile`. Fewer tiles than that for all workers
 * are shared evenly, two ranges a worker.
 */
export function rangesFor(tiles: number, secondsPerTile: number, workers: number): number {
  const long = Math.ceil((tiles * secondsPerTile) / wanted);
  return Math.max(1, Math.min(tiles, Math.max(long, 2 * workers)));
}

/** The middle one of the measured seconds; undefined: none. */
export function medianOf(seconds: readonly number[]): number | undefined {
  return seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)];
}
