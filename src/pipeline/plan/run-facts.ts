/** What is known of a run before its first tile and after its last one. */

import type { Radiometry } from "../../image/radiometry.ts";
import type { EngineIdentity } from "../../model/engine.ts";
import type { Rect } from "../../rect.ts";

/** What was chosen, known before the first tile. */
export interface RunPlan {
  readonly input: string;
  readonly output: string;
  /** Which picture of how many, from 1. */
  readonly file: number;
  readonly files: number;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Of the output. */
  readonly bits: number;
  /** Which numbers of the input the net sees, and between which values. */
  readonly radiometry: Radiometry;
  readonly engine: EngineIdentity;
  /** None: a net of no preset, or no net. */
  readonly preset: string | undefined;
  readonly tile: number;
  readonly halo: number;
  readonly inFlight: number;
  readonly tiles: number;
  /** Of these, how many were found from an earlier run. */
  readonly tilesKept: number;
  /** Bytes the process will have taken at most, about, and may take; none: unknown, or any. */
  readonly memory?: { readonly expected?: number; readonly most?: number };
  /** Bytes on the disk of the output, about. */
  readonly disk?: { readonly needed: number; readonly available: number | undefined };
  /** The most a tile reads: at most `tile` a side, less where the picture is smaller or tiles come out even. */
  readonly tileWidth: number;
  readonly tileHeight: number;
}

/** What came of it. */
export interface RunResult {
  readonly input: string;
  readonly output: string;
  readonly width: number;
  readonly height: number;
  readonly tiles: number;
  /** Rectangles that failed and were left as they were. */
  readonly copied: readonly Rect[];
  /** Tiles without structure, which passed unchanged without being shown to the net. */
  readonly flat: number;
  /** Tiles whose kernels are all close to none, which passed unchanged as was asked for. */
  readonly sharp: number;
  /** Of a part of a run, which has no output yet: tiles `start` up to but not including `end`, of so many. */
  readonly shard?: { readonly start: number; readonly end: number; readonly of: number };
}

/** One of several pictures. */
export interface FilePlace {
  readonly input: string;
  readonly output: string;
  /** Which picture of how many, from 1. */
  readonly file: number;
  readonly files: number;
}

/** A picture that was not made, and why. */
export interface FileFailure extends FilePlace {
  readonly error: unknown;
}
