/**
 * What travels through the pipe. A tile is a few numbers until `decode` reads it; each operator then adds
 * or swaps one field. Whoever consumes a device tensor releases it, also when it fails.
 */
import type { TileError } from "../../errors.ts";
import type { Radiometry } from "../../image/radiometry.ts";
import type { Samples, SampleType } from "../../image/samples.ts";
import type { Tile } from "../../image/tiling/grid.ts";
import type { Codes, DeviceTensor } from "../../model/engine.ts";
import type { Rect } from "../../rect.ts";

export type { Tile } from "../../image/tiling/grid.ts";

/** Samples of a rectangle in source units, channels interleaved: [height, width, channels]. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly samples: Samples;
  /** [height, width], 0 where a pixel holds no measurement and is copied unseen; none: all pixels are good. */
  readonly valid?: Uint8Array<ArrayBuffer>;
}

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

/**
 * A finished rectangle of the output: no later tile will touch it. What is written is source + (white − black) · residual
 * of each channel the net sees, rounded and clamped; of grey the mean of the three planes. All else is copied.
 */
export interface Block {
  readonly rect: Rect;
  /** The rectangle's samples as they came. */
  readonly source: Raster;
  /** Blended residual, [3, rect.height, rect.width] planar, 0..1. */
  readonly residual: Float32Array<ArrayBuffer>;
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

/** Where pixels come from. */
export interface ImageSource {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly sampleType: SampleType;
  /**
   * What the samples mean. Unless said: 1 and 2 channels are grey, 3 and 4 RGB, the last of 2 and 4 is alpha; integers
   * from 0 to the type's greatest value, floats from 0 to 1.
   */
  readonly radiometry?: Radiometry;
  /** The samples of a rectangle inside the image, several at a time; a new buffer each, since it is moved to a thread. */
  read(rect: Rect, options: { signal: AbortSignal }): Promise<Raster>;
}

/** Where blocks go, in any order, each pixel once. */
export interface ImageSink {
  write(block: Block, options: { signal: AbortSignal }): Promise<void>;
}

/**
 * The source's samples as the net sees them; that of `openPool` runs off the main thread. Samples and pixels come back on
 * buffers of their own: the engine takes the pixels away. `flat` as in DecodedTile; no, unless said.
 */
export type Convert = (
  source: Raster,
  padded: { readonly width: number; readonly height: number },
  options: { readonly radiometry: Radiometry; readonly signal: AbortSignal },
) => Promise<{ source: Raster; pixels: Float32Array<ArrayBuffer>; flat?: boolean }>;
