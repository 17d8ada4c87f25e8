/**
 * Defines the messages of the pipeline. A tile is a few numbers until `decode` reads it; each later operator adds
 * or replaces one field. An operator that consumes a device tensor releases it, also when it fails.
 */
import type { TileError } from "../../errors.ts";
import type { Block, Raster } from "../../image/raster.ts";
import type { Tile } from "../../image/tiling/grid.ts";
import type { Codes, DeviceTensor } from "../../model/engine.ts";

export type { Tile } from "../../image/tiling/grid.ts";

/** A tile with its samples and the net's input made of them. */
export interface DecodedTile {
  readonly tile: Tile;
  readonly source: Raster;
  /** x: [3, height, width] planar, 0..1, padded right and bottom to the engine's alignment. */
  readonly pixels: Float32Array<ArrayBuffer>;
  /** Padded size. */
  readonly width: number;
  readonly height: number;
  /** True if each plane of `pixels` has one value, or no pixel is valid: the tile has nothing to restore. */
  readonly flat: boolean;
}

/** A tile on the device with its codes and their uncertainty. Owns all three tensors. */
export interface CodedTile extends Codes {
  readonly tile: Tile;
  readonly source: Raster;
  readonly image: DeviceTensor;
}

/** A tile on the device with its kernels and their uncertainty. Owns all three tensors. */
export interface KernelTile {
  readonly tile: Tile;
  readonly source: Raster;
  readonly image: DeviceTensor;
  readonly kernels: DeviceTensor;
  readonly sigma: DeviceTensor;
}

/** A tile on the device with its kernels and the change that deconvolving makes. Owns all three tensors. */
export interface DeconvolvedTile {
  readonly tile: Tile;
  readonly source: Raster;
  readonly image: DeviceTensor;
  readonly kernels: DeviceTensor;
  /** Deconvolved minus blurry, [1, 3, h, w]; no channels if the net does not deconvolve. */
  readonly change: DeviceTensor;
}

/** A tile with the residual of the net; it owns no tensor on the device. */
export interface RestoredTile {
  readonly tile: Tile;
  readonly source: Raster;
  /** Restored minus blurry: [3, height, width] planar, 0..1; padded size as decoded. */
  readonly residual: Float32Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  /** The error because of which the tile is emitted unchanged, residual 0; undefined: it was restored or skipped. */
  readonly copied: TileError | undefined;
  readonly flat: boolean;
  /** True if the tile was skipped because its kernels show no blur. */
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

/** A tile whose blocks have all been written to the sink. */
export interface WrittenTile {
  readonly tile: Tile;
  readonly copied: TileError | undefined;
  /** Skipped because it was flat; the engine never received it. */
  readonly flat: boolean;
  /** Skipped because its kernels show no blur, and `skipSharp` was requested. */
  readonly sharp?: boolean;
}

/** Reported for each tile whose result is stored. */
export interface Progress extends WrittenTile {
  readonly tilesDone: number;
  readonly tilesTotal: number;
}

/** The policies for a tile that fails on the device. */
export const tileErrorPolicies = ["fail", "copy"] as const;

/** How a tile that fails on the device is handled: the run fails, or the tile is copied unchanged and reported. */
export type TileErrorPolicy = (typeof tileErrorPolicies)[number];
