/**
 * Makes one tile of a TIFF's overview from four neighbouring tiles of the page below, in a thread of the pool: the
 * mean of each 2×2 pixels that hold a measurement, or the upper left one.
 */
import { readSync } from "node:fs";
import type { Raster } from "../../../../image/raster.ts";
import { createSamples, type Samples } from "../../../../image/samples.ts";
import { moved, type PoolTask, poolTask } from "../../../pool/task.ts";
import { decodeTile, type TileCoding } from "./decode-tile.ts";

/** The place of a tile in the file. */
export interface TilePlace {
  readonly offset: number;
  readonly byteCount: number;
}

/** One of the four. */
export interface Quarter {
  readonly right: boolean;
  readonly below: boolean;
  /** The part of the tile that is picture. */
  readonly width: number;
  readonly height: number;
  readonly place: TilePlace;
  /** Its mask, where there is one: 0 at pixels that hold no measurement. */
  readonly mask?: TilePlace;
}

/** Which pixels' mean is taken; undefined: the upper left pixel stands for all. */
export interface Averaging {
  /** A sample of this value (which may be NaN) does not count. */
  readonly nodata: number | undefined;
  /** Where this channel is 0, the others do not count. */
  readonly alpha: number | undefined;
}

interface HalvingJob {
  /** Stays open until the task has settled. */
  readonly fd: number;
  readonly coding: TileCoding;
  readonly maskCoding: TileCoding | undefined;
  readonly quarters: readonly Quarter[];
  readonly averaging: Averaging | undefined;
  /** Of the result. */
  readonly width: number;
  readonly height: number;
}

/** The task: makes a tile of an overview. Throws the system's error. */
export function halveTiffTiles(job: HalvingJob): Raster {
  const { coding, maskCoding, quarters, averaging, width, height, fd } = job;
  const { channels, tileWidth, tileHeight } = coding;
  const samples = createSamples(coding.sampleType, width * height * channels);
  for (const quarter of quarters) {
    const tile = decodeTile(bytesAt(fd, quarter.place), coding);
    const mask = maskCoding && quarter.mask && decodeTile(bytesAt(fd, quarter.mask), maskCoding);
    const window: Window = {
      ...{ tile, mask: mask?.samples, averaging, width: quarter.width, height: quarter.height },
      ...{ to: samples, toWidth: width },
      left: quarter.right ? tileWidth / 2 : 0,
      top: quarter.below ? tileHeight / 2 : 0,
    };
    halve(window);
  }
  return moved({ width, height, channels, samples }, [samples.buffer]);
}

export const halveTilesIn: PoolTask<typeof halveTiffTiles> = poolTask("halveTiffTiles");

interface Window {
  readonly tile: Raster;
  readonly mask: Samples | undefined;
  readonly averaging: Averaging | undefined;
  readonly width: number;
  readonly height: number;
  readonly to: Samples;
  readonly toWidth: number;
  readonly left: number;
  readonly top: number;
}

function halve(window: Window): void {
  const { tile, width, height, to, toWidth, left, top, averaging } = window;
  const { channels, samples } = tile;
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) {
      const at = ((top + y / 2) * toWidth + left + x / 2) * channels;
      const from = (y * tile.width + x) * channels;
      for (let channel = 0; channel < channels; channel++) {
        to[at + channel] =
          averaging === undefined
            ? (samples[from + channel] as number)
            : mean(window, averaging, x, y, channel);
      }
    }
  }
}

/** Of up to four samples; at the right and bottom edge of the picture there are fewer. */
function mean(
  { tile, mask, width, height, to }: Window,
  { nodata, alpha }: Averaging,
  x: number,
  y: number,
  channel: number,
): number {
  const { samples, channels } = tile;
  let sum = 0;
  let count = 0;
  for (let below = 0; below < 2 && y + below < height; below++) {
    for (let right = 0; right < 2 && x + right < width; right++) {
      const pixel = (y + below) * tile.width + x + right;
      const value = samples[pixel * channels + channel] as number;
      if (value === nodata || Number.isNaN(value)) continue;
      if (mask !== undefined && mask[pixel] === 0) continue;
      const opaque = alpha === undefined || channel === alpha;
      if (!opaque && samples[pixel * channels + alpha] === 0) continue;
      sum += value;
      count++;
    }
  }
  // Nothing was measured here: what stands there stays.
  if (count === 0) return samples[(y * tile.width + x) * channels + channel] as number;
  const value = sum / count;
  return isFloat(to) ? value : Math.round(value);
}

function isFloat(samples: Samples): boolean {
  return samples instanceof Float32Array || samples instanceof Float64Array;
}

function bytesAt(fd: number, { offset, byteCount }: TilePlace): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  for (let done = 0; done < byteCount; ) {
    const read = readSync(fd, bytes, done, byteCount - done, offset + done);
    if (read === 0) throw new Error("the file of written tiles ends too early");
    done += read;
  }
  return bytes;
}
