/** The directories of a TIFF by geotiff.js, and their values as numbers, text or bytes. */
import type { GeoTIFF } from "geotiff";
import type { Bytes } from "../../../system/bytes.ts";
import { countDirectories } from "./guard.ts";

/** Tags that say how pixels lie in the file and what they mean (TIFF 6.0, GDAL, libtiff). */
export const tags = {
  subfileType: 254,
  width: 256,
  height: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  stripOffsets: 273,
  orientation: 274,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  planarConfiguration: 284,
  resolutionUnit: 296,
  predictor: 317,
  tileWidth: 322,
  tileLength: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  extraSamples: 338,
  sampleFormat: 339,
  jpegTables: 347,
  chromaSubsampling: 530,
  xmp: 700,
  modelPixelScale: 33550,
  iptc: 33723,
  modelTiepoint: 33922,
  modelTransformation: 34264,
  icc: 34675,
  geoKeys: 34735,
  gdalMetadata: 42112,
  gdalNodata: 42113,
  lercParameters: 50674,
} as const;

/** The values of one directory. */
export interface Directory {
  has(tag: number): boolean;
  /** The first number of a value, `otherwise` where there is none. */
  number(tag: number, otherwise: number): number;
  /** All numbers of a value. */
  numbers(tag: number): ArrayLike<number>;
  /** Without what follows the first NUL; empty where there is none. */
  text(tag: number): string;
}

export interface Directories {
  readonly littleEndian: boolean;
  readonly all: readonly [Directory, ...Directory[]];
}

/** Reads all directories of a file. @throws Error saying in a few words what is wrong with them */
export async function readDirectories(bytes: Bytes): Promise<Directories> {
  const count = await countDirectories(bytes);
  // Loaded by the first TIFF: no other picture should wait for it.
  const { GeoTIFF } = await import("geotiff");
  const tiff = await GeoTIFF.fromSource(sourceOf(bytes));
  // At once: what geotiff.js 3.0.5 reads later it reads in little-endian order, whatever the file's.
  tiff.parser.eager = true;
  const all: Directory[] = [];
  for (let index = 0; index < count; index++) {
    const { actualizedFields } = await tiff.requestIFD(index);
    all.push(directoryOf(actualizedFields as ReadonlyMap<unknown, unknown>));
  }
  return { littleEndian: tiff.littleEndian, all: all as [Directory, ...Directory[]] };
}

/** What geotiff.js reads from; it asks past the end and expects an answer of full length. */
function sourceOf(bytes: Bytes): Parameters<typeof GeoTIFF.fromSource>[0] {
  const fetchSlice = async ({ offset, length }: { offset: number; length: number }) => {
    const data = new Uint8Array(length);
    data.set(await bytes.read(offset, length));
    return { offset, length, data: data.buffer };
  };
  return {
    fileSize: bytes.size,
    fetchSlice,
    fetch: (slices) => Promise.all(slices.map(async (slice) => (await fetchSlice(slice)).data)),
    close: async () => {},
  };
}

function directoryOf(fields: ReadonlyMap<unknown, unknown>): Directory {
  const numbers = (tag: number): ArrayLike<number> => {
    const value = fields.get(tag);
    if (typeof value === "number") return [value];
    return isList(value) ? value : [];
  };
  return {
    has: (tag) => fields.has(tag),
    number: (tag, otherwise) => numbers(tag)[0] ?? otherwise,
    numbers,
    text(tag) {
      const value = fields.get(tag);
      return typeof value === "string" ? (value.split("\0", 1)[0] ?? "") : "";
    },
  };
}

function isList(value: unknown): value is ArrayLike<number> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && "length" in value);
}
