/** Records the tiles of an image as they pass, and measures each of them. A page lists the worst first. */
import { lastValueFrom, toArray } from "rxjs";
import type { ImageSource } from "../../image/raster.ts";
import { uprightRect } from "../../image/upright.ts";
import { admit } from "../../operators/flow/admit.ts";
import { untilAborted } from "../../operators/flow/until-aborted.ts";
import type { Progress, Tile } from "../../operators/stages/tile.ts";
import { fullRadiometry, type MeasuringOptions } from "../evaluate/compare-images.ts";
import type { MeasuredImages } from "../evaluate/evaluate-image.ts";
import { meanSquareIn, type Part } from "../evaluate/evaluation-tasks.ts";
import type { FieldRecorder } from "./report-fields.ts";

/** A tile whose result is stored. */
export interface PassedTile {
  readonly tile: Tile;
  /** "flat": nothing to restore; "failed": left blurry. */
  readonly status: "restored" | "flat" | "failed";
  /** Why it failed. */
  readonly problem: string | undefined;
  /** Time since the tile before was stored (first tile: since the start); the device takes one at a time. */
  readonly seconds: number;
}

/** Data of a tile in a page, in pixels of the upright image; null: not known. */
export interface TileData {
  readonly index: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly status: PassedTile["status"];
  readonly problem: string | null;
  readonly seconds: number;
  /** Root mean square of the change, in levels of 255. */
  readonly residual: number;
  /** Mean over the tile's kernels. */
  readonly sigma: number | null;
  readonly length: number | null;
  /** dB; null: no kernels, or equal images. */
  readonly reblur: number | null;
  readonly before: number | null;
  readonly after: number | null;
}

/** Records tiles and their times. */
export function recordTiles(now: () => number): {
  readonly passed: readonly PassedTile[];
  /** Starts the clock of the first tile. */
  start(): void;
  add(progress: Progress): void;
} {
  const passed: PassedTile[] = [];
  let last = now();
  return {
    passed,
    start() {
      last = now();
    },
    add({ tile, flat, copied }) {
      const at = now();
      const status = copied ? "failed" : flat ? "flat" : "restored";
      passed.push({ tile, status, problem: copied?.message, seconds: at - last });
      last = at;
    },
  };
}

/** Measures the tiles' cores, in the tiles' order. @throws what reading throws; the signal's reason */
export async function tileData(
  passed: readonly PassedTile[],
  { blurry, sharp, restored, reblurred }: MeasuredImages,
  fields: FieldRecorder | undefined,
  { pool, threads, signal }: MeasuringOptions,
): Promise<readonly TileData[]> {
  const { orientation } = blurry.metadata;
  const inOrder = passed.toSorted((a, b) => a.tile.index - b.tile.index);
  const meanSquare = meanSquareIn(pool);
  const measured = admit(inOrder, threads, async ({ tile, status, problem, seconds }) => {
    const { index, core } = tile;
    const part = async (of: ImageSource): Promise<Part> => ({
      raster: await of.read(core, { signal }),
      radiometry: fullRadiometry(of),
    });
    const squares = async (one: ImageSource, other: ImageSource): Promise<number> => {
      const [a, b] = [await part(one), await part(other)];
      return meanSquare({ a, b });
    };
    const psnr = async (one: ImageSource, other: ImageSource | undefined) =>
      other ? orNull(-10 * Math.log10(await squares(one, other))) : null;
    const means = fields?.meansIn(core);
    return {
      index,
      ...uprightRect(core, blurry, orientation),
      status,
      problem: problem ?? null,
      seconds: orNull(seconds) ?? 0,
      residual: orNull(255 * Math.sqrt(await squares(blurry, restored))) ?? 0,
      sigma: orNull(means?.sigma),
      length: orNull(means?.length),
      reblur: await psnr(blurry, reblurred),
      before: await psnr(blurry, sharp),
      after: await psnr(restored, sharp),
    } satisfies TileData;
  });
  const tiles = await lastValueFrom(measured.pipe(untilAborted(signal), toArray()));
  return tiles.sort((a, b) => a.index - b.index);
}

/** Rounds to four significant digits; null: not a finite number. */
function orNull(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Number(value.toPrecision(4));
}
