/** Checks the free disk space of a shared run: for the tiles in its folder, and for the image beside its output. */
import { bitsOf } from "../../image/samples.ts";
import { planGrid } from "../../image/tiling/grid.ts";
import type { OutputForm } from "../../io/formats/output-form.ts";
import { usuallyKept } from "../../io/formats/tiff/read/layout.ts";
import type { InputHeader } from "../../io/sources/open-input.ts";
import type { StorePlan } from "../../io/store/store-plan.ts";
import type { TileRange } from "../store-image.ts";
import { assertRoom, bytesOfTiles, type DiskNeed, shareOf } from "./plan-disk.ts";
import type { Settled } from "./plan-memory.ts";

interface SharedRun {
  readonly header: Pick<InputHeader, "isSpooled">;
  readonly plan: StorePlan;
  readonly options: Settled;
}

/**
 * Checks that the run's `folder` has room for the missing tiles of a range, or of all. Counts the input too if a process
 * decodes it there. @throws IoError with the needed and the available bytes
 */
export async function assertRoomForTiles(
  folder: string,
  run: SharedRun,
  range?: TileRange,
): Promise<DiskNeed> {
  const grid = planGrid(run.plan.grid);
  const { start, end } = range ?? { start: 0, end: grid.count };
  const stored = { grid, share: (end - start) / grid.count };
  const use = { ...sizesOf(run), stored, rows: false, share: 0, cog: false };
  return assertRoom(folder, use, { there: bytesOfTiles(folder, { start, end }), folder });
}

/** Checks that there is room for a run's `output` and the files beside it until then. @throws as `assertRoom` */
export async function assertRoomForImage(
  output: string,
  { form, ...run }: SharedRun & { readonly form: OutputForm },
): Promise<DiskNeed> {
  const { options } = run;
  const { format } = form;
  const rows = format !== "tiff" || options.pyramid !== undefined;
  const use = { ...sizesOf(run), stored: undefined, rows, share: shareOf(form, options) };
  return assertRoom(output, { ...use, cog: options.cog });
}

function sizesOf({ header, plan, options }: SharedRun) {
  const { grid, channels, sourceType, outputType } = plan;
  return {
    width: grid.width,
    height: grid.height,
    sourceBytes: (channels * bitsOf(sourceType)) / 8,
    outputBytes: (channels * bitsOf(outputType)) / 8,
    spooled: header.isSpooled({ tile: options.tile, kept: usuallyKept }),
  };
}
