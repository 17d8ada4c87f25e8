/**
 * rx-deblur/shards: one image restored by several processes or machines that share a folder. Each run of a shard adds
 * tiles to the folder; the image is assembled from them, with the same bytes that one process writes.
 *
 *     await planRun("map.tif", "map.run");
 *     await runShard("map.run", { shard: { index: 1, of: 2 } });
 *     await runShard("map.run", { shard: { index: 2, of: 2 } });
 *     await assembleRun("map.run", "restored.tif");
 */
export type { TileStore } from "./operators/stages/store.ts";
export { assembleRun } from "./pipeline/shards/assemble-run.ts";
export {
  type OpenShards,
  openShards,
  type ShardContext,
  type ShardsOptions,
} from "./pipeline/shards/open-shards.ts";
export { planRun, type RunPlanned } from "./pipeline/shards/plan-run.ts";
export type { RunPlaces } from "./pipeline/shards/planned-run.ts";
export { runShard, type ShardOptions } from "./pipeline/shards/run-shard.ts";
export type { Shard } from "./pipeline/shards/shard.ts";
export { type StoreImageOptions, storeImage, type TileRange } from "./pipeline/store-image.ts";
