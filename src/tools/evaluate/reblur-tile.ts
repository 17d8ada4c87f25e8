/** Blurs a sharp part of an image by a tile's kernels (⊗), in a thread of the pool. */
import { type PoolTask, poolTask } from "../../io/pool/task.ts";
import { type PlanarImage, surround } from "../../model/blur/planar-image.ts";
import { reblur } from "../../model/blur/reblur.ts";
import type { Rect } from "../../rect.ts";
import { type Part, unitValues } from "./evaluation-tasks.ts";

interface ReblurJob extends Part {
  /** The part's place in the image: the core and half a kernel around it, cut at the image's edges. */
  readonly around: Rect;
  /** The rectangle that is computed. */
  readonly core: Rect;
  /** Its top left corner is that of the first cell. */
  readonly read: Rect;
  /** [k², rows, columns] of cells. */
  readonly kernels: Float32Array<ArrayBuffer>;
  readonly kernelSize: number;
  readonly rows: number;
  readonly columns: number;
  /** Pixels a side of a cell. */
  readonly stride: number;
}

interface Reblurred {
  /** [core.height, core.width, colours], 0..1 where each kernel's sum is 1. */
  readonly values: Float32Array<ArrayBuffer>;
  /** Sum of the kernels of the `cells` cells that begin in the core: [k²]. */
  readonly kernelSum: Float64Array<ArrayBuffer>;
  readonly cells: number;
}

/** Rows blurred at a time: their kernels are expanded to each pixel, 1.4 KB a pixel. */
const bandRows = 16;

/** The core of the part ⊗ the tile's kernels, mirrored at edges. All pixels of a cell share its kernel. */
export function reblurTile(job: ReblurJob): Reblurred {
  const { core, kernelSize } = job;
  const channels = job.radiometry.colours.length;
  const image = surroundings(job);
  const plane = core.width * core.height;
  const values = new Float32Array(plane * channels);
  for (let top = 0; top < core.height; top += bandRows) {
    const height = Math.min(bandRows, core.height - top);
    const part = rowsOf(image, top, height + kernelSize - 1);
    const band = reblur(part, kernelsOf(job, top, height), { kernelSize, border: "none" });
    const size = core.width * height;
    for (let at = 0; at < band.length; at++) {
      const [channel, pixel] = [Math.floor(at / size), at % size];
      values[(top * core.width + pixel) * channels + channel] = band[at] as number;
    }
  }
  return { values, ...sumOf(job) };
}

export const reblurTileIn: PoolTask<typeof reblurTile> = poolTask(
  "reblurTile",
  ({ raster, kernels }) => [raster.samples.buffer, kernels.buffer],
);

/** The core's colours with half a kernel around them. */
function surroundings({ raster, radiometry, around, core, kernelSize }: ReblurJob): PlanarImage {
  const margin = (kernelSize - 1) / 2;
  const unit = unitValues({ raster, radiometry });
  const channels = radiometry.colours.length;
  const plane = raster.width * raster.height;
  const planar = unit.map(
    (_, at) => unit[(at % plane) * channels + Math.floor(at / plane)] as number,
  );
  // Mirrored on all sides; where the part extends beyond the core, less than that is needed.
  const { width, height } = raster;
  const all = surround({ width, height, values: planar }, margin, "reflect");
  const [left, top] = [core.x - around.x, core.y - around.y];
  const [wide, high] = [core.width + 2 * margin, core.height + 2 * margin];
  const values = Float32Array.from({ length: channels * wide * high }, (_, at) => {
    const [channel, y, x] = [
      Math.floor(at / (wide * high)),
      Math.floor(at / wide) % high,
      at % wide,
    ];
    return all.values[(channel * all.height + top + y) * all.width + left + x] as number;
  });
  return { width: wide, height: high, values };
}

function rowsOf({ width, height, values }: PlanarImage, top: number, count: number): PlanarImage {
  const plane = width * height;
  const channels = values.length / plane;
  const rows = new Float32Array(channels * width * count);
  for (let channel = 0; channel < channels; channel++) {
    const start = channel * plane + top * width;
    rows.set(values.subarray(start, start + width * count), channel * width * count);
  }
  return { width, height: count, values: rows };
}

/** A kernel for each pixel of some rows of the core: [k², height, core.width]. */
function kernelsOf(job: ReblurJob, top: number, height: number): Float32Array {
  const { core, read, kernels, kernelSize, rows, columns, stride } = job;
  const written = new Float32Array(kernelSize ** 2 * height * core.width);
  let to = 0;
  for (let tap = 0; tap < kernelSize ** 2; tap++) {
    for (let y = 0; y < height; y++) {
      const row = Math.floor((core.y + top + y - read.y) / stride);
      const start = (tap * rows + row) * columns;
      for (let x = core.x - read.x; x < core.x - read.x + core.width; x++) {
        written[to++] = kernels[start + Math.floor(x / stride)] as number;
      }
    }
  }
  return written;
}

function sumOf(job: ReblurJob): Pick<Reblurred, "kernelSum" | "cells"> {
  const { core, read, kernels, kernelSize, rows, columns, stride } = job;
  const cellsOf = (start: number, length: number) =>
    [Math.ceil(start / stride), Math.ceil((start + length) / stride)] as const;
  const [left, right] = cellsOf(core.x - read.x, core.width);
  const [top, bottom] = cellsOf(core.y - read.y, core.height);
  const kernelSum = new Float64Array(kernelSize ** 2);
  for (let tap = 0; tap < kernelSum.length; tap++) {
    for (let row = top; row < bottom; row++) {
      const start = (tap * rows + row) * columns;
      for (let column = left; column < right; column++) {
        (kernelSum[tap] as number) += kernels[start + column] as number;
      }
    }
  }
  return { kernelSum, cells: (right - left) * (bottom - top) };
}
