/**
 * Chooses the size of tiles and their number in flight: the caller's, else the largest that fit into the memory
 * limit, or the defaults without a limit.
 */
import { OptionError } from "../../errors.ts";
import { type Grid, reductionOf } from "../../image/tiling/grid.ts";
import { openGrid, smallestTileOfCells } from "../../image/tiling/open-grid.ts";
import { type OutputFormat, outputFormats } from "../../io/formats/image-formats.ts";
import { usuallyKept } from "../../io/formats/tiff/read/layout.ts";
import type { InputHeader } from "../../io/sources/open-input.ts";
import type { Engine } from "../../model/engine.ts";
import { inBytes } from "../../text/byte-size.ts";
import type { Runtime } from "../engines/runtime.ts";
import type { FileOptions } from "../options/file-options.ts";
import { tileDefaults, usualTilesOf } from "../options/tile-defaults.ts";
import { type MemoryUse, memoryOf } from "./memory-model.ts";

/** The image to restore, its output format and the runtime. */
export interface Work {
  readonly header: Omit<InputHeader, "isSpooled" | "open">;
  /** Format of the output. */
  readonly format: OutputFormat;
  readonly runtime: Pick<Runtime, "engine" | "preset"> & {
    readonly pool: Pick<Runtime["pool"], "threads">;
  };
}

/** The tiles of an image and the memory of its run. */
export interface MemoryPlan {
  readonly options: Settled;
  /** The tiles of the image. */
  readonly grid: Grid;
  /** Bytes of decoded blocks of the input to keep. */
  readonly kept: number;
  /** Bytes the process takes at its peak, about; undefined: the engine was never measured. */
  readonly expected: number | undefined;
}

/** Pixels, from large to small. Larger tiles gain little and take much memory; most of a smaller tile is halo. */
const sides = [1024, 896, 768, 640, 512, 448, 384, 320, 256, 192, 128, 96, 64];
const numbers = [tileDefaults.inFlight, 2, 1];

/** The share of the memory for decoded blocks of the input, and the fewest bytes of it. */
const keptShare = 1 / 12;
const leastKept = 2 ** 23;

/**
 * Decides tile and number in flight, and estimates the memory of the process.
 * @throws OptionError if `memory` does not suffice, with the number that does; also if the engine was never measured
 */
export function planMemory(options: FileOptions, work: Work): MemoryPlan {
  const { memory } = options;
  const { width, height } = work.header;
  const { alignment } = work.runtime.engine;
  const { scale, halo } = withUsualTiling(options, work.runtime.engine);
  const settle = (tile: number, inFlight: number, kept: number): MemoryPlan => {
    const settled = { ...options, tile, halo, inFlight };
    const grid = openGrid({ width, height, tile, halo, scale, alignment });
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
    if (side < smallestTile({ halo, scale, alignment }) || side > largest) continue;
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
  const given = [
    ...(tile === undefined ? [] : [`tile ${tile}`]),
    ...(inFlight === undefined ? [] : [`${inFlight} in flight`]),
  ];
  const by = given.length === 0 ? `tile ${options.tile}, 1 in flight` : given.join(", ");
  // Rounded up, so that the reported number suffices.
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
  const tile = grid.largest();
  const pixelBytes = (channels * bits) / 8;
  const pixels = width * height;
  const band = 2 * Math.min(2 ** 27, width * pixelBytes * 256);
  return {
    engine: engine.identity.engine,
    ...{ preset, threads: pool.threads },
    ...{ tileWidth: tile.width, tileHeight: tile.height, tiles: grid.count },
    ...scaledUse(grid),
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

/** Share of the engine's memory for half size that it keeps besides that for full size, measured on 24 MP. */
const keptOfHalf = 0.4;

/** Returns the pixels of a tile on the device, and the bytes a pixel of the tile that its scale costs besides. */
function scaledUse({
  plan: { scale = 1, halo },
  columns,
  rows,
  ...grid
}: Grid): Pick<MemoryUse, "netPixels" | "scaling"> {
  const { width, height } = grid.largest();
  // The reduced pixels and their residual.
  const reduced = 24 / reductionOf(scale) ** 2;
  if (scale === 1) return { netPixels: width * height, scaling: 0 };
  if (scale !== "auto") return { netPixels: (width * height) / scale ** 2, scaling: reduced };
  // At full size a tile has half the halo on each side; its pixels and residual are kept, too.
  const inside = (side: number, tiles: number) => side - (Math.min(2, tiles - 1) * halo) / 2;
  const full = inside(width, columns) * inside(height, rows);
  const half = (width * height) / 4;
  return { netPixels: full + keptOfHalf * half, scaling: 24 + reduced };
}

/** The smallest tile that leaves room for a core. */
function smallestTile({
  halo,
  scale,
  alignment,
}: Pick<Settled, "halo" | "scale"> & Pick<Engine, "alignment">): number {
  return scale === "auto" ? smallestTileOfCells(halo) : 2 * halo + alignment;
}

/** Bytes a pixel of decoders that hold a whole image. */
const wholeBytes = 6;
/** Bytes of rasters in flight for each thread of a TIFF's encoding: read, encoded and written. */
const encodedBytes = 3 * 2 ** 20;

function encodingOf(
  format: OutputFormat,
  { pixels, pixelBytes, threads }: { pixels: number; pixelBytes: number; threads: number },
): number {
  const { encoderBytes } = outputFormats[format];
  if (encoderBytes > 0) return pixels * encoderBytes;
  return Math.min(pixels * pixelBytes, (threads + 2) * encodedBytes);
}

/** Returns the bytes of a row of seams waiting for the next row of tiles; 0 in long runs, which keep it in files. */
function marginBytes({ count, plan }: Grid): number {
  return count > 32 ? 0 : plan.width * 2 * plan.feather * 3 * 4;
}

/** The options of an image with tile, halo and number in flight decided. */
export interface Settled extends FileOptions {
  readonly tile: number;
  readonly halo: number;
  readonly inFlight: number;
}

/** Fills in the default tile, halo and number in flight. They suit the net of `engine`, if given. */
export function withUsualTiling(
  options: FileOptions,
  { largestTile, usualTiles }: Pick<Engine, "largestTile" | "usualTiles"> = {},
): Settled {
  const usual = usualTilesOf({ largestTile, usualTiles }, options.scale);
  const { tile = usual.tile, halo = usual.halo, inFlight = tileDefaults.inFlight } = options;
  return { ...options, tile, halo, inFlight };
}
