/** Decides tiles, memory and disk of an image's run before anything is written. */
import { existsSync } from "node:fs";
import type { Grid } from "../../image/tiling/grid.ts";
import { statePath } from "../../io/store/run-state.ts";
import { knownKernels } from "../deblur-image-options.ts";
import type { Runtime } from "../engines/runtime.ts";
import { assertRoom, bytesOfTiles, type DiskUse, shareOf } from "./plan-disk.ts";
import { planMemory, type Settled } from "./plan-memory.ts";
import type { HeadedJob } from "./read-header.ts";
import type { RunPlan } from "./run-facts.ts";

/** One image of a run with its tiles, memory and disk decided. */
export interface ImagePlan
  extends Omit<HeadedJob, "options">,
    Required<Pick<RunPlan, "memory" | "disk">> {
  readonly options: Settled;
  readonly runtime: Runtime;
  /** The tiles of the image. All code that cuts it uses this grid. */
  readonly grid: Grid;
  /** Bytes of decoded blocks of the input to keep. */
  readonly kept: number;
  /** Tiles are kept in files, so that the run can be resumed. */
  readonly long: boolean;
}

/**
 * Plans the run of one image.
 * @throws OptionError if the memory limit is too small, or the net lacks the kernels that were asked for; IoError if
 *   the disk has no room
 */
export async function planImage(job: HeadedJob, runtime: Runtime): Promise<ImagePlan> {
  const { output, header, form, resumable, fieldFiles } = job;
  for (const { of } of fieldFiles) knownKernels(of, runtime.engine);
  const { format } = form;
  const work = { header, format, runtime };
  const { options, grid, kept, expected } = planMemory(job.options, work);
  const { width, height, channels, bits } = header;
  const long = resumable && isLong(output, grid.count);
  const use: DiskUse = {
    ...{ width, height, cog: options.cog, share: shareOf(form, options) },
    sourceBytes: (channels * bits) / 8,
    outputBytes: (channels * (form.bits ?? bits)) / 8,
    spooled: header.isSpooled({ tile: options.tile, kept }),
    stored: long ? { grid } : undefined,
    rows: format !== "tiff" || !long || options.pyramid !== undefined,
  };
  const there = bytesOfTiles(statePath(output));
  const { needed, available } = await assertRoom(output, use, { there });
  const memory = {
    ...(expected !== undefined && { expected }),
    ...(options.memory !== undefined && { most: options.memory }),
  };
  return { ...job, options, runtime, grid, kept, long, memory, disk: { needed, available } };
}

/** Up to so many tiles, restoring the image again is cheaper than keeping its tiles. */
const manyTiles = 32;

/** Returns true if `tiles` tiles are worth keeping on disk, or some are kept for the output already. */
export function isLong(output: string, tiles: number): boolean {
  return tiles > manyTiles || existsSync(statePath(output));
}
