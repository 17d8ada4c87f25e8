/**
 * Reads rectangles of a raster, GeoTIFF, COG or BigTIFF, from a file or an address. Samples come as stored: any
 * type, all bands, and which pixels hold a measurement. Only the decoders of LERC and Zstandard are geotiff.js': it
 * has no bounded cache and decodes whatever size comes.
 */
import { join } from "node:path";
import { InputError, isDeblurError } from "../../errors.ts";
import type { Radiometry } from "../../image/radiometry.ts";
import type { Raster } from "../../image/raster.ts";
import { limitsOf } from "../../image/samples.ts";
import type { Rect } from "../../rect.ts";
import { exifOfTags } from "../formats/tiff/exif-tags.ts";
import { type Blocks, openBlocks } from "../formats/tiff/read/blocks.ts";
import { usuallyKept } from "../formats/tiff/read/layout.ts";
import { metadataOfTags } from "../formats/tiff/read/metadata.ts";
import { type Image, type Images, imagesIn } from "../formats/tiff/read/pages.ts";
import { type Level, type PercentileRange, percentileRange } from "../formats/tiff/read/range.ts";
import { rasterIn } from "../formats/tiff/read/raster-or-photograph.ts";
import { readSoundDirectories } from "../formats/tiff/read/read-directories.ts";
import { needsSpool, spoolBlocks } from "../formats/tiff/read/spool.ts";
import { readWindow } from "../formats/tiff/read/window.ts";
import type { Bytes } from "../system/bytes.ts";
import { openFileBytes } from "../system/file-bytes.ts";
import { isAddress, openHttpBytes } from "../system/http-bytes.ts";
import { openScope, type Scope } from "../system/scope.ts";
import { type BandChoice, chooseColours } from "./choose-colours.ts";
import { assertInside, changed, type OpenedSource } from "./opened-source.ts";

export interface GeoTiffOptions {
  /** Where the spool goes: the run's folder. */
  readonly folder: string;
  /** Side of what will be read at once, pixels. */
  readonly tile: number;
  /** Bytes of decoded blocks to keep for the next tile, about. Default: `usuallyKept`. */
  readonly kept?: number;
  /** Values that are black and white to the net; undefined: those of the raster. */
  readonly range: BandChoice["range"];
  readonly signal?: AbortSignal;
}

/** The directories of a raster, read once and checked. */
export interface GeoTiffHeader {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly bits: number;
  /** True where tiles of a side are decoded into the run's folder first, with so many bytes of blocks kept. */
  isSpooled(reading: { readonly tile: number; readonly kept: number }): boolean;
  readonly images: Images;
  /** The bands the net sees, from 0. */
  readonly colours: readonly number[];
  /** Of the bytes they were read from. */
  readonly version: string;
}

/**
 * Reads the header of the raster at `path`, a file or an http(s) address. undefined: a file that is no raster.
 * @throws NoInputError where there is nothing to read; InputError where it is damaged or of a kind we do not
 *   read; OptionError where it has not the bands asked for; IoError of disk or network
 */
export async function readGeoTiffHeader(
  path: string,
  {
    maxPixels,
    bands,
    signal,
  }: Pick<BandChoice, "bands"> & {
    readonly maxPixels: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<GeoTiffHeader | undefined> {
  const bytes = await openBytes(path, signal);
  try {
    // What an address holds can only be a raster.
    const tiff = isAddress(path) ? await readSoundDirectories(bytes) : await rasterIn(bytes);
    if (tiff === undefined) return undefined;
    const images = imagesIn(tiff, bytes.size);
    const { layout, meaning } = images;
    assertSize(path, layout, maxPixels);
    const colours = chooseColours(path, { channels: layout.bands, ...meaning }, bands);
    const { width, height, bands: channels, bits } = layout;
    return {
      ...{ width, height, channels, bits, images, colours, version: bytes.version },
      isSpooled: ({ tile, kept }) => needsSpool(layout, tile, kept),
    };
  } catch (cause) {
    throw signal?.aborted ? cause : damaged(path, cause);
  } finally {
    await bytes.close();
  }
}

/**
 * Opens the raster at `path` by its header; the caller closes it, also when the run fails.
 * @throws IoError of disk or network, also where it changed since its header was read; InputError where it is damaged
 */
export async function openGeoTiff(
  path: string,
  header: GeoTiffHeader,
  options: GeoTiffOptions,
): Promise<OpenedSource> {
  const { signal = new AbortController().signal } = options;
  signal.throwIfAborted();
  const scope = openScope();
  try {
    return await open(path, header, { ...options, signal }, scope);
  } catch (cause) {
    await scope.closeAll();
    throw signal.aborted ? cause : damaged(path, cause);
  }
}

/** Opens everything in `scope`, also where it throws. */
async function open(
  path: string,
  { images, colours, version }: GeoTiffHeader,
  options: GeoTiffOptions & { readonly signal: AbortSignal },
  scope: Scope,
): Promise<OpenedSource> {
  const { folder, tile, kept = usuallyKept, signal } = options;
  const bytes = scope.use(await openBytes(path, signal), (it) => it.close());
  if (bytes.version !== version) throw changed(path);
  const { layout, meaning, tags } = images;
  const stored = openImage(bytes, images, meaning, kept);
  const radiometry: Radiometry = {
    colours,
    range: [0, 1],
    ...(meaning.alpha && { alpha: meaning.alpha }),
    ...(meaning.nodata !== undefined && { nodata: meaning.nodata }),
  };
  const find = () => percentileRange(levelFor(bytes, images, stored), radiometry, signal);
  const range = options.range ?? (layout.bits === 8 ? limitsOf(layout.sampleType) : await find());
  const spooled = needsSpool(layout, tile, kept)
    ? scope.use(await spoolBlocks(stored.blocks, join(folder, "source.raw"), signal), (it) =>
        it.close(),
      )
    : stored;
  const image = { blocks: spooled.blocks, mask: stored.mask };
  const exif = exifOfTags(tags);
  return {
    path,
    format: "tiff",
    width: layout.width,
    height: layout.height,
    channels: layout.bands,
    sampleType: layout.sampleType,
    radiometry: { ...radiometry, range: meaning.negative ? reversed(range) : range },
    metadata: { ...metadataOfTags(tags), ...(exif && { exif }) },
    tags,
    asStored: true,
    masked: images.mask !== undefined,
    async read(rect, reading) {
      reading.signal.throwIfAborted();
      assertInside(rect, layout);
      return readImage(image, rect, reading.signal).catch((cause: unknown) => {
        throw reading.signal.aborted ? cause : damaged(path, cause);
      });
    },
    async close() {
      const [problem] = await scope.closeAll();
      if (problem !== undefined) throw problem;
    },
  };
}

function openBytes(path: string, signal: AbortSignal | undefined): Promise<Bytes> {
  return isAddress(path) ? openHttpBytes(path, signal) : openFileBytes(path);
}

function assertSize(
  path: string,
  { width, height }: { readonly width: number; readonly height: number },
  maxPixels: number,
): void {
  if (width * height <= maxPixels) return;
  throw new InputError(
    path,
    `Expected at most ${maxPixels} pixels but found ${width}×${height} = ${width * height}; \`maxPixels\` allows more`,
  );
}

/** Errors of ours pass; what decoders and parsers say becomes one of ours. */
function damaged(path: string, cause: unknown): unknown {
  if (isDeblurError(cause)) return cause;
  const reason = cause instanceof Error ? cause.message.split("\n", 1)[0] : String(cause);
  // Ours begin so, and say what to do; the others are of libraries.
  const wanted = /^expected (.*)$/.exec(reason ?? "")?.[1];
  const problem = wanted === undefined ? `damaged TIFF (${reason})` : `Expected ${wanted}`;
  return new InputError(path, problem, { cause });
}

/** An image whose blocks can be read. */
interface OpenImage {
  readonly blocks: Blocks;
  readonly mask: Blocks | undefined;
}

function openImage(
  bytes: Bytes,
  { layout, mask }: Image,
  { nodata = 0 }: Images["meaning"],
  kept = usuallyKept,
): OpenImage {
  return {
    blocks: openBlocks(bytes, layout, nodata, kept),
    mask: mask && openBlocks(bytes, mask, 0, kept),
  };
}

async function readImage(
  { blocks, mask }: OpenImage,
  rect: Rect,
  signal: AbortSignal,
): Promise<Raster> {
  const { width, height } = rect;
  const samples = await readWindow(blocks, rect, signal);
  const raster = { width, height, channels: blocks.layout.bands, samples };
  if (mask === undefined) return raster;
  const valid = Uint8Array.from(await readWindow(mask, rect, signal), (it) => (it === 0 ? 0 : 1));
  return valid.includes(0) ? { ...raster, valid } : raster;
}

/** Pixels an overview must have to stand for the whole. */
const enough = 2 ** 20;

/** The smallest image that shows enough; one without the whole's mask does not. */
function levelFor(bytes: Bytes, images: Images, whole: OpenImage): Level {
  const small = images.overviews.findLast(
    ({ layout, mask }) =>
      layout.width * layout.height >= enough && (mask !== undefined || !images.mask),
  );
  const image = small === undefined ? whole : openImage(bytes, small, images.meaning);
  const { layout } = image.blocks;
  const { signal } = new AbortController();
  return { ...layout, ...image.blocks.unit, read: (rect) => readImage(image, rect, signal) };
}

function reversed([low, high]: PercentileRange): PercentileRange {
  return [high, low];
}
