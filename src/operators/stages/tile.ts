/**
 * What travels through the pipe. A tile is a few numbers until `decode` reads it; each operator then adds
 * or swaps one field. Whoever consumes a device tensor releases it, also when it fails.
 */
import type { TileError } from "../../errors.ts";
import type { Block, Raster } from "../../image/raster.ts";
import type { Tile } from "../../image/tiling/grid.ts";
import type { Codes, DeviceTensor } from "../../model/engine.ts";

export type { Tile } from "../../image/tiling/grid.ts";

/** A tile with its samples, and what the net sees of them. */
export interface DecodedTile {
  readonly tile: Tile;
  readonly source: Raster;
  /** x: [3, height, width] planar, 0..1, padded right and bottom to the engine's alignment. */
  readonly pixels: Float32Array<ArrayBuffer>;
  /** Padded size. */
  readonly width: number;
  readonly height: number;
  /** Each plane of `pixels` holds one value, or no pixel a measurement: there is nothing to restore. */
  readonly flat: boolean;
}

/** A tile on the device, with its codes and their uncertainty. Owns all three tensors. */
export interface CodedTile extends Codes {
  readonly tile: Tile;
  readonly source: Raster;
  readonly image: DeviceTensor;
}

/** A tile on the device, with its kernels. Owns both tensors. */
export interface KernelTile {
  readonly tile: Tile;
  readonly source: Raster;
  readonly image: DeviceTensor;
  readonly kernels: DeviceTensor;
}

/** A tile with what the net changes in it; nothing of it is on the device any more. */
export interface RestoredTile {
  readonly tile: Tile;
  readonly source: Raster;
  /** Restored minus blurry: [3, height, width] planar, 0..1; padded size as decoded. */
  readonly residual: Float32Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  /** Why it passes unchanged, residual 0, because the caller prefers that to an error; else undefined. */
  readonly copied: TileError | undefined;
  readonly flat: boolean;
  /** Passed unchanged because its kernels are close to none; no, unless said. */
  readonly sharp?: boolean;
}

/** A tile whose result is blended, and the blocks it completed. */
export interface BlendedTile {
  readonly tile: Tile;
  readonly blocks: readonly Block[];
  readonly copied: TileError | undefined;
  readonly flat: boolean;
  readonly sharp?: boolean;
}

/** A tile whose blocks are all in the sink. */
export interface WrittenTile {
  readonly tile: Tile;
  readonly copied: TileError | undefined;
  /** Passed unchanged because it was flat; the engine never saw it. */
  readonly flat: boolean;
  /** Passed unchanged because its kernels are close to none, and the caller asked for that. */
  readonly sharp?: boolean;
}

/** Told for each tile whose result is stored. */
export interface Progress extends WrittenTile {
  readonly tilesDone: number;
  readonly tilesTotal: number;
}

/** What becomes of a tile that fails on the device: the run fails, or the tile passes unchanged and is reported. */
export const tileErrorPolicies = ["fail", "copy"] as const;

/** What becomes of a tile that fails: the run fails too, or the tile passes unchanged and is reported. */
export type TileErrorPolicy = (typeof tileErrorPolicies)[number];
