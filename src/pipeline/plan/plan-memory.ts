/**
 * Chooses the size of tiles and their number in flight: the caller's, else the largest that fit into the memory
 * limit, else the defaults.
 */
import { OptionError } from "../../errors.ts";
import { openGrid } from "../../image/open-grid.ts";
import type { Grid } from "../../image/tiling/grid.ts";
import { usuallyKept } from "../../io/formats/tiff/read/layout.ts";
import type { InputHeader } from "../../io/sources/open-input.ts";
import type { Engine } from "../../model/engine.ts";
import { inBytes } from "../../text/byte-size.ts";
import type { Runtime } from "../engines/runtime.ts";
import { type FileOptions, step } from "../options/file-options.ts";
import { tileDefaults } from "../options/tile-defaults.ts";
import { type MemoryUse, memoryOf } from "./memory-model.ts";

/** What is to be restored, on what. */
export interface Work {
  readonly header: Omit<InputHeader, "isSpooled" | "open">;
  /** Of the output. */
  readonly format: string;
  readonly runtime: Pick<Runtime, "engine" | "preset"> & {
    readonly pool: Pick<Runtime["pool"], "threads">;
  };
}

export interface MemoryPlan {
  readonly options: Settled;
  /** The tiles of the image. */
  readonly grid: Grid;
  /** Bytes of decoded blocks of the input to keep. */
  readonly kept: number;
  /** Bytes the process will take at most, about; undefined for an engine nobody measured. */
  readonly expected: number | undefined;
}

/** From large to small. Beyond, tiles gain little and take much; below, most of a tile is halo. */
const sides = [1024, 896, 768, 640, 512, 448, 384, 320, 256, 192, 128, 96, 64];
const numbers = [tileDefaults.inFlight, 2, 1];

/** The share of the memory that is for blocks of the input. */
const keptShare = 1 / 12;
const leastKept = 2 ** 23;

/**
 * The options with their lengths decided, and what the process will take.
 * @throws OptionError where `memory` does not suffice, with the number that does
 */
export function planMemory(options: FileOptions, work: Work): MemoryPlan {
  const { memory } = options;
  const { width, height } = work.header;
  const { alignment } = work.runtime.engine;
  const settle = (tile: number, inFlight: number, kept: number): MemoryPlan => {
    const settled = { ...options, tile, inFlight };
    const grid = openGrid({ width, height, tile, halo: options.halo, alignment });
    return { options: settled, grid, kept, expected: memoryOf(useOf(grid, inFlight, kept, work)) };
  };
  const { tile, inFlight } = options;
  if (memory === undefined) {
    const usual = withUsualTiling(options, work.runtime.engine);
    return settle(usual.tile, usual.inFlight, usuallyKept);
  }
  const much = Math.min(usuallyKept, Math.max(leastKept, Math.round(memory * keptShare)));

  const { largestTile: largest = Number.POSITIVE_INFINITY } = work.runtime.engine;
  let least: MemoryPlan | undefined;
  for (const side of tile === undefined ? sides : [tile]) {
    if (side - 2 * options.halo < step || side > largest) continue;
    for (const number of inFlight === undefined ? numbers : [inFlight]) {
      for (const kept of [much, leastKept]) {
        const plan = settle(side, number, kept);
        if (plan.expected === undefined) throw unmeasured(work);
        if (plan.expected <= memory) return plan;
        if (least === undefined || plan.expected < (least.expected ?? 0)) least = plan;
      }
    }
  }
  throw tooLittle(memory, least, options);
}

function tooLittle(memory: number, least: MemoryPlan | undefined, { tile, inFlight }: FileOptions) {
  if (least === undefined) return new OptionError("Expected a halo that leaves room in a tile");
  const { options, expected = 0 } = least;
  const said = [
    ...(tile === undefined ? [] : [`tile ${tile}`]),
    ...(inFlight === undefined ? [] : [`${inFlight} in flight`]),
  ];
  const by = said.length === 0 ? `tile ${options.tile}, 1 in flight` : said.join(", ");
  // Rounded up, so that what is told suffices.
  const needed = Math.ceil(expected / 1e6);
  return new OptionError(
    `Expected at least ${needed}M for memory (${by}) but received ${inBytes(memory)}`,
  );
}

function unmeasured({ runtime: { engine, preset } }: Work): OptionError {
  const net = preset === undefined ? "" : ` with preset ${preset}`;
  return new OptionError(
    `Expected an engine and a net whose memory was measured for memory but ${engine.identity.engine}${net} was not`,
  );
}

function useOf(
  grid: Grid,
  inFlight: number,
  kept: number,
  { header, format, runtime }: Work,
): MemoryUse {
  const { width, height, channels, bits, photograph } = header;
  const { engine, preset, pool } = runtime;
  // The first tile is as large as any.
  const tile = grid.tile(0).read;
  const pixelBytes = (channels * bits) / 8;
  const pixels = width * height;
  const band = 2 * Math.min(2 ** 27, width * pixelBytes * 256);
  return {
    engine: engine.identity.engine,
    ...{ preset, threads: pool.threads },
    ...{ tileWidth: tile.width, tileHeight: tile.height, tiles: grid.count },
    inFlight,
    pixelBytes,
    kept: photograph ? 0 : Math.min(kept, pixels * pixelBytes),
    margins: marginBytes(grid),
    decoding: photograph?.whole
      ? pixels * wholeBytes
      : photograph
        ? Math.min(band, pixels * pixelBytes)
        : 0,
    encoding: encodingOf(format, { pixels, pixelBytes, threads: pool.threads }),
  };
}

/** Bytes a pixel of decoders, and of encoders, that hold a whole picture. */
const wholeBytes = 6;
const wholeEncoders: Readonly<Record<string, number>> = { webp: 8, avif: 30 };
/** Rasters of so many bytes are on their way into a TIFF for each thread, read, encoded and written. */
const encodedBytes = 3 * 2 ** 20;

function encodingOf(
  format: string,
  { pixels, pixelBytes, threads }: { pixels: number; pixelBytes: number; threads: number },
): number {
  const perPixel = wholeEncoders[format];
  if (perPixel !== undefined) return pixels * perPixel;
  return Math.min(pixels * pixelBytes, (threads + 2) * encodedBytes);
}

/** A row of seams that waits for the next row of tiles; in runs of many tiles it waits in files. */
function marginBytes({ count, plan }: Grid): number {
  return count > 32 ? 0 : plan.width * 2 * plan.feather * 3 * 4;
}

/** Options whose lengths are decided. */
export interface Settled extends FileOptions {
  readonly tile: number;
  readonly inFlight: number;
}

/** The options with the usual lengths where they say none; tiles no larger than `engine`, if it is open, can bind. */
export function withUsualTiling(
  options: FileOptions,
  { largestTile = tileDefaults.tile }: Pick<Engine, "largestTile"> = {},
): Settled {
  const usual = Math.min(tileDefaults.tile, largestTile);
  const { tile = usual, inFlight = tileDefaults.inFlight } = options;
  return { ...options, tile, inFlight };
}
