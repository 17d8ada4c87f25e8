/** Decides whether a run keeps its tiles in files, so that it can be resumed. */
import { existsSync } from "node:fs";
import { statePath } from "../../io/store/run-state.ts";

/** Images of fewer tiles are restored again sooner than their tiles are kept. */
const manyTiles = 32;

/** True where keeping `tiles` tiles is worth the disk it takes, or some are kept for the output already. */
export function isLong(output: string, tiles: number): boolean {
  return tiles > manyTiles || existsSync(statePath(output));
}
