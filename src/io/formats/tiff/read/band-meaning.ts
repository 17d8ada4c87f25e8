/** Reads from the tags what the bands of a TIFF mean: which are colours, which is alpha, what is nodata. */
import { isFloat, limitsOf, type SampleType } from "../../../../image/samples.ts";
import type { TagValues } from "../directory.ts";
import { tags } from "../tags.ts";
import type { Layout } from "./layout.ts";

export interface Meaning {
  readonly alpha: { readonly channel: number; readonly premultiplied: boolean } | undefined;
  /** A value that samples of the type can have. */
  readonly nodata: number | undefined;
  /** White is zero. */
  readonly negative: boolean;
}

/** Photometric interpretations of TIFF 6.0. */
const [whiteIsZero, blackIsZero, rgb, yCbCr] = [0, 1, 2, 6];
const refused: Readonly<Record<number, string>> = {
  3: "a palette, whose numbers are no brightness: expand it first (gdal_translate -expand rgb)",
  4: "a mask",
  5: "inks (CMYK)",
  8: "CIE L*a*b*",
  9: "ICC L*a*b*",
  10: "ITU L*a*b*",
  32803: "a colour filter array",
  32844: "LogL",
  32845: "LogLuv",
};

/** @throws Error where the samples are no measure of brightness */
export function meaningOfTags(directory: TagValues, layout: Layout): Meaning {
  const { photometric, bands, compression, sampleType } = layout;
  // libtiff makes RGB of JPEG's own YCbCr; no decoder does it elsewhere.
  const known = [whiteIsZero, blackIsZero, rgb].includes(photometric);
  if (!known && !(photometric === yCbCr && compression === 7)) {
    const found =
      refused[photometric] ?? (photometric === yCbCr ? "YCbCr" : `number ${photometric}`);
    throw new Error(`expected samples that are grey or RGB but found ${found}`);
  }
  return {
    alpha: alphaOf(directory, bands, photometric),
    nodata: nodataOf(directory.text(tags.gdalNodata), sampleType),
    negative: photometric === whiteIsZero,
  };
}

/** ExtraSamples says of the last samples: 0 nothing, 1 premultiplied alpha, 2 straight alpha. */
function alphaOf(directory: TagValues, bands: number, photometric: number): Meaning["alpha"] {
  const extra = Array.from(directory.numbers(tags.extraSamples));
  const index = extra.findIndex((kind) => kind === 1 || kind === 2);
  const first = Math.max(
    photometric === rgb || photometric === yCbCr ? 3 : 1,
    bands - extra.length,
  );
  const channel = first + index;
  if (index < 0 || channel >= bands) return undefined;
  return { channel, premultiplied: extra[index] === 1 };
}

/** GDAL writes text: a number, or "nan". What samples of the type cannot be marks none of them. */
export function nodataOf(text: string, type: SampleType): number | undefined {
  const word = text.trim().toLowerCase();
  if (word === "") return undefined;
  const value = Number(word.replace(/^([+-]?)inf$/, "$1Infinity"));
  if (isFloat(type)) {
    if (Number.isNaN(value) && !/^[+-]?nan/.test(word)) return undefined;
    return type === "float32" ? Math.fround(value) : value;
  }
  const [least, greatest] = limitsOf(type);
  return Number.isInteger(value) && value >= least && value <= greatest ? value : undefined;
}
