/**
 * Blurs a sharp image by the kernels that the net estimates in a blurry one: the paper judges its kernels by the
 * result (Table 4). Works tile by tile: a tile's kernels are released when its core is blurred.
 */
import { concatMap, lastValueFrom, mergeMap, of, pipe, reduce } from "rxjs";
import type { ImageSource } from "../../image/raster.ts";
import { openGrid } from "../../image/tiling/open-grid.ts";
import type { Pool } from "../../io/pool/pool.ts";
import type { ScratchImage } from "../../io/sinks/scratch-image.ts";
import { convertIn } from "../../io/sources/convert-tile.ts";
import type { Engine, KernelField } from "../../model/engine.ts";
import { admit } from "../../operators/flow/admit.ts";
import { exclusive } from "../../operators/flow/exclusive.ts";
import { untilAborted } from "../../operators/flow/until-aborted.ts";
import { decode } from "../../operators/stages/decode.ts";
import { decodeFlow } from "../../operators/stages/decode-flow.ts";
import { estimateKernels } from "../../operators/stages/estimate-kernels.ts";
import { type TakenKernels, takeKernels } from "../../operators/stages/take-kernels.ts";
import type { Rect } from "../../rect.ts";
import { fullRadiometry } from "./compare-images.ts";
import { reblurTileIn } from "./reblur-tile.ts";

export interface ReblurImageOptions {
  readonly engine: Engine;
  readonly field: KernelField;
  readonly pool: Pool;
  readonly tile: number;
  readonly halo: number;
  readonly inFlight: number;
  /** Seconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/**
 * Stores sharp ⊗ K(blurry) in `into`, 0..1, not rounded.
 * @returns the mean kernel, [k²] as decoded
 * @throws TileError, what reading and writing throw; the signal's reason
 */
export async function reblurImage(
  { blurry, sharp, into }: { blurry: ImageSource; sharp: ImageSource; into: ScratchImage },
  options: ReblurImageOptions,
): Promise<Float64Array> {
  const { engine, field, pool, tile, halo, inFlight, timeout, signal } = options;
  const { alignment, lane } = engine;
  const { width, height } = blurry;
  const grid = openGrid({ width, height, tile, halo, feather: 0, alignment });
  const reblurTile = reblurTileIn(pool);
  const convert = convertIn(pool);
  const blur = async ({ tile: { core, read }, ...taken }: TakenKernels) => {
    const around = expanded(core, (field.size - 1) / 2, sharp);
    const raster = await sharp.read(around, { signal });
    const { size: kernelSize, stride } = field;
    const part = { raster, radiometry: fullRadiometry(sharp), around, core, read };
    const job = { ...part, ...taken, kernelSize, stride };
    const { values, kernelSum, cells } = await reblurTile(job);
    await into.put(core, values);
    return { kernelSum, cells };
  };
  const tiles = admit(grid.tiles(), inFlight, (place) =>
    of(place).pipe(
      decode(blurry, convert, { alignment, timeout }),
      exclusive(
        lane,
        pipe(
          estimateKernels(engine, { timeout }),
          decodeFlow(engine, { timeout }),
          takeKernels(engine, { timeout }),
        ),
      ),
      concatMap(blur),
    ),
  );
  const sums = tiles.pipe(
    untilAborted(signal),
    reduce((all, tile) => ({
      kernelSum: all.kernelSum.map((sum, tap) => sum + (tile.kernelSum[tap] as number)),
      cells: all.cells + tile.cells,
    })),
    mergeMap(({ kernelSum, cells }) => of(kernelSum.map((sum) => sum / cells))),
  );
  return lastValueFrom(sums);
}

/** `rect` with `margin` pixels around it, cut at the image's edges. */
export function expanded(
  { x, y, width, height }: Rect,
  margin: number,
  image: { readonly width: number; readonly height: number },
): Rect {
  const [left, top] = [Math.max(0, x - margin), Math.max(0, y - margin)];
  const right = Math.min(image.width, x + width + margin);
  const bottom = Math.min(image.height, y + height + margin);
  return { x: left, y: top, width: right - left, height: bottom - top };
}
