/** What becomes of a tile that fails on the device: the run fails, or the tile passes unchanged and is reported. */
export const tileErrorPolicies = ["fail", "copy"] as const;
/** What becomes of a tile that fails: the run fails too, or the tile passes unchanged and is reported. */
export type TileErrorPolicy = (typeof tileErrorPolicies)[number];
