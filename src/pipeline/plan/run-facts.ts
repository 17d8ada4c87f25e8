/** Declares the facts of a run known before its first tile, and its result. */
import type { Radiometry } from "../../image/radiometry.ts";
import type { Scale } from "../../image/tiling/grid.ts";
import type { EngineIdentity } from "../../model/engine.ts";
import type { Rect } from "../../rect.ts";

/** The plan of an image's run, known before the first tile. */
export interface RunPlan {
  readonly input: string;
  readonly output: string;
  /** The image's number among `files`, from 1. */
  readonly file: number;
  readonly files: number;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Bits per sample of the output. */
  readonly bits: number;
  /** The bands of the input that the net receives, and their values for black and white. */
  readonly radiometry: Radiometry;
  readonly engine: EngineIdentity;
  /** undefined: the net has other sizes than any preset, or the engine has no net. */
  readonly preset: string | undefined;
  readonly tile: number;
  readonly halo: number;
  /** The size at which tiles are restored, see `FileOptions`. */
  readonly scale: Scale;
  readonly inFlight: number;
  readonly tiles: number;
  /** Of these, the number kept from an earlier run. */
  readonly tilesKept: number;
  /** Expected bytes of the process at its peak, and its limit; undefined: unknown, and no limit. */
  readonly memory?: { readonly expected?: number; readonly most?: number };
  /** Estimated bytes on the disk of the output. */
  readonly disk?: { readonly needed: number; readonly available: number | undefined };
  /** Size in pixels of the largest tile: at most `tile` a side, less for a small image or evenly divided tiles. */
  readonly tileWidth: number;
  readonly tileHeight: number;
}

/** The result of an image's run. */
export interface RunResult {
  readonly input: string;
  readonly output: string;
  readonly width: number;
  readonly height: number;
  readonly tiles: number;
  /** Rectangles of failed tiles, which were left blurry. */
  readonly copied: readonly Rect[];
  /** Number of tiles without structure, which are copied without the net. */
  readonly flat: number;
  /** Number of tiles copied under `skipSharp`, because their kernels show almost no blur. */
  readonly sharp: number;
  /** For a part of a run, without an output yet: its tiles from `start` up to but not including `end`, of so many. */
  readonly shard?: { readonly start: number; readonly end: number; readonly of: number };
}

/** One of several images. */
export interface FilePlace {
  readonly input: string;
  readonly output: string;
  /** The image's number among `files`, from 1. */
  readonly file: number;
  readonly files: number;
}

/** An image that failed, and its error. */
export interface FileFailure extends FilePlace {
  readonly error: unknown;
}
