/** Builds the average pooling of channel attention: over the whole map, or in TLC's window. */
import type { Pooling } from "../engine.ts";
import { globalPool, localPool } from "../graph/build.ts";
import type { Value } from "../graph/graph.ts";

/** Average pooling of the channel attention. */
export type AveragePool = (x: Value) => Value;

/** The pooling of TLC (Chu et al., ECCV 2022): a window of 1.5 training patches, scaled to the level's resolution. */
export function poolOf(pooling: Pooling, trainPatch: number): AveragePool {
  if (pooling === "global") return globalPool;
  const base = Math.floor(1.5 * trainPatch);
  return (x) => {
    const feature = Math.floor(trainPatch / Number(x.scale));
    return localPool(x, Math.max(1, Math.floor((feature * base) / trainPatch)));
  };
}
