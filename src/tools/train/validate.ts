/** Measures a net on pairs it is not trained on: on the middle of each image. */
import { InputError } from "../../errors.ts";
import { libvipsMessage, sharp } from "../../io/formats/libvips.ts";
import { type FoundPairs, findPairs } from "../../io/sources/find-pairs.ts";
import { readImageHeader } from "../../io/sources/image-header.ts";
import type { NetConfig } from "../../model/config.ts";
import { alignmentOf } from "../../model/config.ts";
import {
  type Measured,
  type MeasuredPair,
  type MeasureSettings,
  openMeasure,
} from "../../model/training/measure.ts";
import { type SampleOfPair, sampleOfPair } from "./sample-sheet.ts";

/** Larger images are measured in their middle, px. */
const largestSide = 256;
const maxPixels = 1_000_000_000;

/**
 * Reads the pairs once.
 * @throws NoInputError where the folder does not exist, InputError where an image is damaged or smaller than the net's
 *   alignment, or sizes differ
 */
export async function readValidationPairs(
  folder: string,
  config: NetConfig,
): Promise<readonly MeasuredPair[]> {
  const { pairs } = await findPairs(folder);
  return Promise.all(pairs.map((pair) => readMiddle(pair, alignmentOf(config))));
}

async function readMiddle(
  { sharp: sharpPath, blurry: blurryPath }: FoundPairs["pairs"][number],
  alignment: number,
): Promise<MeasuredPair> {
  const { width: fullWidth, height: fullHeight } = await readImageHeader(sharpPath, {
    maxPixels,
  });
  const other = await readImageHeader(blurryPath, { maxPixels });
  if (other.width !== fullWidth || other.height !== fullHeight) {
    throw new InputError(
      blurryPath,
      `Expected ${fullWidth}×${fullHeight} pixels as ${sharpPath} has but found ${other.width}×${other.height}`,
    );
  }
  const inside = (side: number) => Math.floor(Math.min(side, largestSide) / alignment) * alignment;
  const [width, height] = [inside(fullWidth), inside(fullHeight)];
  if (width === 0 || height === 0) {
    throw new InputError(
      sharpPath,
      `Expected at least ${alignment}×${alignment} pixels but found ${fullWidth}×${fullHeight}`,
    );
  }
  const middle = {
    ...{ left: (fullWidth - width) >> 1, top: (fullHeight - height) >> 1 },
    ...{ width, height },
  };
  const read = async (path: string): Promise<Uint8Array> => {
    const { data, info } = await sharp(path, { failOn: "warning", ignoreIcc: true })
      .extract(middle)
      .removeAlpha()
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true })
      .catch((cause: unknown) => {
        throw new InputError(path, `damaged or cut short (${libvipsMessage(cause)})`, { cause });
      });
    if (info.channels === 3) return data;
    throw new InputError(path, `Expected grey or RGB but found ${info.channels} channels`);
  };
  return { width, height, sharp: await read(sharpPath), blurry: await read(blurryPath) };
}

/** The metrics' means over the pairs. */
export async function validate(
  settings: MeasureSettings,
  pairs: readonly MeasuredPair[],
): Promise<Measured> {
  const measure = openMeasure(settings);
  try {
    const all: Measured[] = [];
    for (const pair of pairs) all.push(await measure.of(pair));
    const mean = (values: (number | undefined)[]): number | undefined =>
      values.reduce((sum = Number.NaN, value = Number.NaN) => sum + value / all.length, 0);
    const known = (value: number | undefined) => (Number.isNaN(value) ? undefined : value);
    return {
      psnr: known(mean(all.map(({ psnr }) => psnr))),
      blurryPsnr: mean(all.map(({ blurryPsnr }) => blurryPsnr)) as number,
      reblurPsnr: known(mean(all.map(({ reblurPsnr }) => reblurPsnr))),
    };
  } finally {
    measure.dispose();
  }
}

/** The net's results for pairs, as images. */
export async function sampleResults(
  settings: MeasureSettings,
  pairs: readonly MeasuredPair[],
): Promise<readonly SampleOfPair[]> {
  const measure = openMeasure(settings);
  try {
    const samples: SampleOfPair[] = [];
    for (const pair of pairs) samples.push(await sampleOfPair(pair, await measure.sample(pair)));
    return samples;
  } finally {
    measure.dispose();
  }
}
