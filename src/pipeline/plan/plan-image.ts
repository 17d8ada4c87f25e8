/** Decides everything about the run of one image before anything of it is written: tiles, memory, disk. */
import { existsSync } from "node:fs";
import type { Grid } from "../../image/tiling/grid.ts";
import { statePath } from "../../io/store/run-state.ts";
import { knownKernels } from "../deblur-image-options.ts";
import type { Runtime } from "../engines/runtime.ts";
import { assertRoom, bytesOfTiles, type DiskUse, shareOf } from "./plan-disk.ts";
import { planMemory, type Settled } from "./plan-memory.ts";
import type { HeadedJob } from "./read-header.ts";
import type { RunPlan } from "./run-facts.ts";

/** One image of a run, with all that was decided about it. */
export interface ImagePlan
  extends Omit<HeadedJob, "options">,
    Required<Pick<RunPlan, "memory" | "disk">> {
  readonly options: Settled;
  readonly runtime: Runtime;
  /** The tiles of the image. Everything that cuts it uses this grid. */
  readonly grid: Grid;
  /** Bytes of decoded blocks of the input to keep. */
  readonly kept: number;
  /** Tiles are kept in files, so that the run can be resumed. */
  readonly long: boolean;
}

/**
 * @throws OptionError where the memory limit is too small, or kernels are asked of a net that knows none; IoError where
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

/** Images of fewer tiles are restored again sooner than their tiles are kept. */
const manyTiles = 32;

/** True where keeping `tiles` tiles is worth the disk it takes, or some are kept for the output already. */
export function isLong(output: string, tiles: number): boolean {
  return tiles > manyTiles || existsSync(statePath(output));
}
