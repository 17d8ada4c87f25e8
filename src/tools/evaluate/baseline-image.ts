/** Restores an image by Richardson–Lucy with one kernel, tile by tile: the baseline without a network. */
import { lastValueFrom } from "rxjs";
import type { ImageSource } from "../../image/raster.ts";
import { planGrid } from "../../image/tiling/grid.ts";
import type { ScratchImage } from "../../io/sinks/scratch-image.ts";
import { plausibleKernel } from "../../model/measures/richardson-lucy.ts";
import { admit } from "../../operators/flow/admit.ts";
import { untilAborted } from "../../operators/flow/until-aborted.ts";
import { fullRadiometry, type MeasuringOptions } from "./compare-images.ts";
import { baselineTileIn } from "./evaluation-tasks.ts";
import { expanded } from "./reblur-image.ts";

const tile = 512;
/** Pixels around a tile. Exact would be 18 for each iteration; farther pixels change less than one level. */
const context = 64;

/**
 * Stores the image deblurred with the mean kernel in `into`, in levels of 8 bits.
 * @throws what reading and writing throw; the signal's reason
 */
export async function baselineImage(
  {
    blurry,
    into,
    meanKernel,
  }: { blurry: ImageSource; into: ScratchImage; meanKernel: Float64Array },
  { pool, threads, signal }: MeasuringOptions,
): Promise<void> {
  const kernel = plausibleKernel(meanKernel);
  const { width, height } = blurry;
  const grid = planGrid({ width, height, tile, halo: 0, feather: 0, alignment: 1 });
  const baselineTile = baselineTileIn(pool);
  const tiles = admit(grid.tiles(), threads, async ({ core }) => {
    const around = expanded(core, context, blurry);
    const raster = await blurry.read(around, { signal });
    const inner = { ...core, x: core.x - around.x, y: core.y - around.y };
    const job = { raster, radiometry: fullRadiometry(blurry), kernel, inner };
    await into.put(core, await baselineTile(job));
  });
  await lastValueFrom(tiles.pipe(untilAborted(signal)));
}
