/**
 * Adds to weights what int8 needs: the ranges of values that the net's convs read and write, measured on images. Tiles
 * pass through the net one at a time, and two numbers a value are kept.
 */
import { concatMap, from, lastValueFrom, of, pipe } from "rxjs";
import { integer } from "../../check.ts";
import { type Grid, planGrid } from "../../image/tiling/grid.ts";
import { openPool, type Pool } from "../../io/pool/pool.ts";
import { convertIn } from "../../io/sources/convert-tile.ts";
import { findImages } from "../../io/sources/find-images.ts";
import { openInput, readInputHeader } from "../../io/sources/open-input.ts";
import { assertFree, publishFiles } from "../../io/system/publish.ts";
import { openRunFolder } from "../../io/system/run-folder.ts";
import { withScope } from "../../io/system/scope.ts";
import { type Calibration, openCalibration } from "../../model/engines/onnx/calibration.ts";
import { formatRanges, rangesField } from "../../model/weights/int8-ranges.ts";
import { readSafetensors } from "../../model/weights/safetensors.ts";
import { writeSafetensors } from "../../model/weights/write-safetensors.ts";
import { untilAborted } from "../../operators/flow/until-aborted.ts";
import { decode } from "../../operators/stages/decode.ts";
import { inFile } from "../../pipeline/engines/load-weights.ts";
import { readWeights } from "../../pipeline/engines/weights-file.ts";
import type { FileOptions } from "../../pipeline/options/file-options.ts";
import { tileDefaults } from "../../pipeline/options/tile-defaults.ts";
import { assertSafetensors } from "./import-weights.ts";

export interface CalibrateOptions
  extends Pick<FileOptions, "weights" | "preset" | "threads" | "tile" | "maxPixels" | "force"> {
  /** Most tiles of an image. */
  readonly tiles: number;
}

/** The signal and the callbacks of a calibration. */
export interface CalibrateContext {
  readonly signal: AbortSignal;
  /** For each image whose tiles were measured. */
  onImage(image: { readonly input: string; readonly tiles: number }): void;
  onNote(message: string): void;
}

/**
 * Writes the weights to `output`, each tensor unchanged, with ranges measured on the images of `operands`.
 * @throws OptionError, OutputError where `output` exists, NoInputError, InputError, WeightsError, UnavailableError,
 *   IoError, TileError; the signal's reason
 */
export async function calibrate(
  operands: readonly string[],
  output: string,
  options: CalibrateOptions,
  context: CalibrateContext,
): Promise<void> {
  const { threads, force, maxPixels, tile: side = tileDefaults.tile } = options;
  integer("tiles", options.tiles, 1, Number.MAX_SAFE_INTEGER);
  assertSafetensors(output);
  await assertFree(output, { force });
  const { images } = await findImages(operands, { except: output });
  for (const { input } of images) await readInputHeader(input, { maxPixels, bands: undefined });
  const { path, bytes } = await readWeights(options);
  const stored = inFile(path, () => readSafetensors(bytes));
  const ranges = await withScope(context, async (scope) => {
    const folder = scope.use(await openRunFolder(output), (it) => it.remove()).path;
    const pool = scope.use(openPool({ threads }), (it) => it.close());
    const calibration = scope.use(await openCalibration(bytes, { threads }), (it) => it.close());
    for (const { input } of images) {
      const tiles = await measureImage(input, calibration, {
        ...{ folder, pool, maxPixels, tile: side, most: options.tiles },
        signal: context.signal,
      });
      context.onImage({ input, tiles });
    }
    return calibration.ranges();
  });
  const metadata = { ...stored.metadata, [rangesField]: formatRanges(ranges) };
  const dtypeOf = (name: string) => stored.dtypes.get(name) ?? "F32";
  const calibrated = writeSafetensors(stored.tensors, metadata, dtypeOf);
  await publishFiles(new Map([[output, calibrated]]), { force });
}

/** Measures tiles of one image. @returns their number */
async function measureImage(
  input: string,
  calibration: Calibration,
  {
    most,
    pool,
    signal,
    ...reading
  }: {
    readonly folder: string;
    readonly pool: Pool;
    readonly maxPixels: number;
    readonly tile: number;
    readonly most: number;
    readonly signal: AbortSignal;
  },
): Promise<number> {
  const { alignment } = calibration;
  const whole = { bands: undefined, range: undefined, tolerant: false, signal };
  const { source } = await openInput(input, { ...reading, ...whole });
  try {
    const { width, height } = source;
    const grid = planGrid({ width, height, tile: reading.tile, halo: 0, feather: 0, alignment });
    const tiles = spread(grid, most);
    const { timeout } = tileDefaults;
    const watch = pipe(
      decode(source, convertIn(pool), { alignment, timeout }),
      concatMap(({ pixels, height, width }) => calibration.observe(pixels, height, width)),
    );
    const each = from(tiles).pipe(
      concatMap((tile) => of(tile).pipe(watch)),
      untilAborted(signal),
    );
    await lastValueFrom(each);
    return tiles.length;
  } finally {
    await source.close();
  }
}

/** At most `most` tiles of a grid, evenly spread. */
function spread(grid: Grid, most: number) {
  const count = Math.min(most, grid.count);
  return Array.from({ length: count }, (_, i) =>
    grid.tile(Math.floor(((i + 0.5) * grid.count) / count)),
  );
}
