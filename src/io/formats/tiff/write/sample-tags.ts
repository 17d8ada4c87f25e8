/** Makes the entries that describe the samples of a written TIFF: photometric interpretation and extra samples. */
import type { Radiometry } from "../../../../image/radiometry.ts";
import type { TiffTags } from "../carried-tags.ts";
import { entryOf, integerOf, integersOf, type TiffEntry } from "../directory.ts";
import { tags } from "../tags.ts";

const blackIsZero = 1;
const rgb = 2;
const palette = 3;
/** White is zero, black is zero, RGB: numbers that can stand as they are. */
const plain: readonly (number | undefined)[] = [0, blackIsZero, rgb];

export interface SampleMeaning {
  readonly channels: number;
  readonly radiometry: Radiometry;
  /** The TIFF the image was. */
  readonly origin: TiffTags;
  /** True where samples are as that TIFF has them, not what a decoder made of them. */
  readonly asStored: boolean;
}

/** The source's own words where its samples are as they were, else grey or RGB and what alpha there is. */
export function sampleEntries(meaning: SampleMeaning, littleEndian: boolean): readonly TiffEntry[] {
  return kept(meaning) ?? derived(meaning, littleEndian);
}

function kept({ channels, origin, asStored }: SampleMeaning): readonly TiffEntry[] | undefined {
  const { directory, littleEndian } = origin;
  const number = (tag: number) => integerOf(directory, tag, littleEndian);
  const photometric = number(tags.photometric);
  const sameChannels = (number(tags.samplesPerPixel) ?? 1) === channels;
  const extra = integersOf(directory, tags.extraSamples, littleEndian)?.length ?? 0;
  const colours = photometric === rgb ? 3 : 1;
  const stands = plain.includes(photometric) || (photometric === palette && channels === 1);
  if (!asStored || !sameChannels || !stands || colours + extra !== channels) return undefined;
  const wanted: readonly number[] = [
    tags.photometric,
    tags.extraSamples,
    ...(photometric === palette ? [tags.colorMap] : []),
  ];
  return directory.entries.filter(({ tag }) => wanted.includes(tag));
}

function derived(
  { channels, radiometry }: SampleMeaning,
  littleEndian: boolean,
): readonly TiffEntry[] {
  const { colours, alpha } = radiometry;
  const inOrder = colours.length === 3 && colours.every((channel, i) => channel === i);
  const isRgb = inOrder && channels >= 3;
  const short = (tag: number, ...values: number[]) => entryOf(tag, "short", values, littleEndian);
  const first = isRgb ? 3 : 1;
  const extra = Array.from({ length: channels - first }, (_, i) => {
    if (alpha?.channel !== first + i) return 0;
    return alpha.premultiplied ? 1 : 2;
  });
  return [
    short(tags.photometric, isRgb ? rgb : blackIsZero),
    ...(extra.length > 0 ? [short(tags.extraSamples, ...extra)] : []),
  ];
}
