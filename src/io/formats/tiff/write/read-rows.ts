/** Reads a rectangle from a file of contiguous rows, in the machine's byte order. */
import { readSync } from "node:fs";
import type { Raster } from "../../../../image/raster.ts";
import { bitsOf, createSamples } from "../../../../image/samples.ts";
import type { Rect } from "../../../../rect.ts";
import { moved, type PoolTask, poolTask } from "../../../pool/task.ts";
import type { RowLayout } from "./store-rows.ts";

interface ReadJob {
  /** Stays open until the task has settled. */
  readonly fd: number;
  readonly layout: RowLayout;
  readonly rect: Rect;
  readonly channels: number;
}

/** The task: reads a rectangle. Throws the system's error, or an Error where the file ends too early. */
export function readRows({ fd, layout, rect, channels }: ReadJob): Raster {
  const { dataOffset, rowBytes, sampleType } = layout;
  const { width, height } = rect;
  const samples = createSamples(sampleType, width * height * channels);
  const bytes = new Uint8Array(samples.buffer);
  const pixelBytes = (channels * bitsOf(sampleType)) / 8;
  const start = dataOffset + rect.y * rowBytes + rect.x * pixelBytes;
  const part = width * pixelBytes;
  // Rows of the full width touch each other: one read for all.
  const rows = part === rowBytes ? height : 1;
  for (let row = 0; row < height; row += rows) {
    readFully(fd, bytes.subarray(row * part, (row + rows) * part), start + row * rowBytes);
  }
  return moved({ width, height, channels, samples }, [samples.buffer]);
}

export const readRowsIn: PoolTask<typeof readRows> = poolTask("readRows");

function readFully(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    const read = readSync(fd, bytes, done, bytes.length - done, position + done);
    if (read === 0) throw new Error("the file of restored rows ends too early");
    done += read;
  }
}
