/** Lists every option of one image; the command line and `deblurFile` read the same table. */
import { availableParallelism } from "node:os";
import { numberIn, oneOf } from "../../check.ts";
import { type Scale, scales } from "../../image/tiling/grid.ts";
import {
  defaultQualities,
  namesWithQuality,
  type OutputFormat,
  writtenFormats,
} from "../../io/formats/image-formats.ts";
import type { TiffCompression } from "../../io/formats/tiff/write/tile-layout.ts";
import { type PresetName, presets } from "../../model/config.ts";
import type { EnginePrecision } from "../../model/engine.ts";
import { largestSeed } from "../../model/engines/kernel-noise.ts";
import { type PixelRange, pixelRanges } from "../../model/image-nets/image-net.ts";
import { type TileErrorPolicy, tileErrorPolicies } from "../../operators/stages/tile.ts";
import type { Rect } from "../../rect.ts";
import { byteSize } from "../../text/byte-size.ts";
import type { EngineName, EngineOptions } from "../engines/engine-options.ts";
import { engineNames } from "../engines/engine-table.ts";
import { strongest } from "./check-strength.ts";
import { bandList, decimal, rectangle, valueRange } from "./option-lists.ts";
import { choice, type OptionTable, path, toggle, upTo, word } from "./option-table.ts";
import { tileDefaults } from "./tile-defaults.ts";

/** The options of one image. */
export interface FileOptions extends EngineOptions {
  /** Most bytes the process may take; undefined: as many as the other options need. */
  readonly memory: number | undefined;
  /** Side of a tile in pixels, halo included; undefined: 512 (640 at scale auto), or the most that `memory` allows. */
  readonly tile: number | undefined;
  /** Pixels a tile reads beyond its core on each side; undefined: 32, or what suits a net made elsewhere. */
  readonly halo: number | undefined;
  /**
   * The size at which the image is restored. 2 and 4 reduce it by that, for long blur, and add what that changes; `tile`
   * and `halo` then count reduced pixels. "auto" chooses between 1 and 2 in each cell of 128 pixels.
   */
  readonly scale: Scale;
  /** Most tiles between being read and being stored; undefined: 3, or the most that `memory` allows. */
  readonly inFlight: number | undefined;
  /** undefined: the format of the output's suffix; the input's format for a pipe or a folder. */
  readonly format: OutputFormat | undefined;
  /** Bits per sample of the output; undefined: those of the input, as far as the format has them. */
  readonly bits: 8 | 16 | undefined;
  /** Of a JPEG, WebP or AVIF, 1 to 100; undefined: the format's default. 100 is lossless in WebP and AVIF. */
  readonly quality: number | undefined;
  /** Of a TIFF output; undefined: none for a georeferenced TIFF without compression, else deflate. */
  readonly compression: TiffCompression | undefined;
  /** Write a TIFF output cloud-optimised: with overviews, directories first. */
  readonly cog: boolean;
  /** Write tiles for viewers beside the output; undefined: none. */
  readonly pyramid: "dzi" | undefined;
  /** Bands for the net, one or three, counted from 1; undefined: the first three, or the first of fewer. */
  readonly bands: readonly number[] | undefined;
  /** Values that are black and white for the net; undefined: those of the image. */
  readonly range: readonly [low: number, high: number] | undefined;
  /** Larger images are refused. */
  readonly maxPixels: number;
  /** Restore the part of a damaged image that can be decoded, with a note. */
  readonly tolerant: boolean;
  /** Factor of what the net changes, 0 to 1.5. */
  readonly strength: number;
  /**
   * Path of an image: white is restored, black and transparent are left as they are, grey is between. It is scaled to
   * the input; both are taken as viewers show them. undefined: the whole image is restored.
   */
  readonly mask: string | undefined;
  /** The rectangle to restore, in pixels of the image as viewers show it; undefined: the whole image. */
  readonly region: Rect | undefined;
  /** Copy tiles whose kernels all show almost no blur. */
  readonly skipSharp: boolean;
  /** "fail" ends the run at a failed tile, "copy" leaves the tile blurry. */
  readonly onTileError: TileErrorPolicy;
  /** Most seconds for one stage of a tile. */
  readonly timeout: number;
  /** Leave out Exif, XMP and IPTC; the colour profile stays. */
  readonly stripMetadata: boolean;
  /** Compute all tiles again, also those kept by an unfinished run of the same output. */
  readonly noResume: boolean;
  /** Replace an existing output. */
  readonly force: boolean;
  /** Path of a file for the decoded motion kernels; undefined: they are not kept. */
  readonly kernels: string | undefined;
  /** Path of a file for the kernels' uncertainty; undefined: it is not kept. */
  readonly sigma: string | undefined;
}

const presetNames = Object.keys(presets) as PresetName[];

/** Tile sides and halos are multiples of this many pixels: 2^levels of the nets. */
export const tileStep = 16;

/** The rows, in the order of --help. */
export const fileOptionTable: OptionTable<FileOptions> = {
  weights: {
    ...path(),
    default: undefined,
    otherwise: "the bundled ones",
    help: "weights of the net (safetensors)",
  },
  preset: {
    ...choice(presetNames),
    default: undefined,
    otherwise: "that of the weights, or lite",
    help: `size of the net: ${presetNames.join(", ")}`,
  },
  net: {
    ...path(),
    default: undefined,
    otherwise: "none",
    help: "a net made elsewhere: .onnx, or model.json of TensorFlow.js",
  },
  netRange: {
    ...choice<PixelRange>(pixelRanges),
    default: undefined,
    otherwise: "found by a trial",
    help: `its black and white: ${pixelRanges.join(", ")}`,
  },
  engine: {
    ...choice<EngineName>(["auto", ...engineNames]),
    default: "auto",
    help: "library that computes; `deblur engines` lists them",
  },
  adapter: {
    ...word("NAME"),
    default: undefined,
    otherwise: "the engine's choice",
    help: "part of its name, its number (CUDA), or cpu",
  },
  threads: {
    ...upTo(1, 1024),
    default: availableParallelism(),
    otherwise: "one a core",
    help: "threads that compute",
  },
  memory: {
    value: "BYTES",
    default: undefined,
    otherwise: "as tile and in-flight need",
    common: true,
    help: "most memory, such as 800M, 2G or 2GiB",
    check: (name, value) => (value === undefined ? undefined : byteSize(name, value)),
  },
  tile: {
    ...upTo(tileStep, 8192, tileStep),
    default: undefined,
    otherwise: `${tileDefaults.tile}, or as memory allows`,
    help: `largest tile side, pixels, a multiple of ${tileStep}`,
  },
  halo: {
    ...upTo(0, 2048, tileStep),
    default: undefined,
    otherwise: `${tileDefaults.halo}; more for net`,
    help: `pixels read around a tile's core, a multiple of ${tileStep}`,
  },
  scale: {
    ...choice(["1", "2", "4", "auto"], "1|2|4|auto"),
    numeric: true,
    default: 1,
    help: "restore at 1/2 or 1/4 size, for long blur; auto: 1 or 2",
    check: (name, value) => oneOf(name, value, scales),
  },
  pooling: {
    ...choice(["global", "tlc"], "KIND"),
    default: "tlc",
    help: "channel attention over the tile (global) or a window (tlc)",
  },
  precision: {
    ...choice<EnginePrecision>(["float32", "int8"], "KIND"),
    default: "float32",
    help: "float32, or int8: faster, less exact, on engine onnx alone",
  },
  noise: {
    ...upTo(0, largestSeed),
    value: "SEED",
    default: undefined,
    otherwise: "none",
    help: "sample kernel codes with this seed, 0 to 2³² − 1",
  },
  inFlight: {
    ...upTo(1, 64),
    default: undefined,
    otherwise: `${tileDefaults.inFlight}, or as memory allows`,
    help: "tiles worked on at a time",
  },
  format: {
    ...choice(writtenFormats),
    default: undefined,
    otherwise: "as OUT ends; for - or DIR the input's",
    common: true,
    help: writtenFormats.join(", "),
  },
  bits: {
    value: "8|16",
    numeric: true,
    default: undefined,
    common: true,
    otherwise: "those of the input",
    help: "bits a sample of the output",
    check: (name, value) => oneOf(name, value, [8, 16]),
  },
  quality: {
    ...upTo(1, 100),
    default: undefined,
    otherwise: defaultQualities(),
    common: true,
    help: `of ${namesWithQuality.join(", ")}; 100: lossless in WebP and AVIF`,
  },
  compression: {
    ...choice(["none", "deflate"], "KIND"),
    default: undefined,
    otherwise: "deflate, or a GeoTIFF's none",
    help: "none or deflate, of a TIFF output",
  },
  cog: { ...toggle(), help: "cloud-optimised TIFF: with overviews, directories first" },
  pyramid: {
    ...choice(["dzi"], "KIND"),
    default: undefined,
    otherwise: "none",
    help: "dzi: Deep Zoom tiles beside the output, too",
  },
  bands: {
    value: "LIST",
    default: undefined,
    otherwise: "the first three",
    help: "bands the net sees, one or three, such as 3,2,1",
    check: bandList,
  },
  range: {
    value: "LOW,HIGH",
    default: undefined,
    otherwise: "those of the picture",
    help: "values that are black and white to the net",
    check: valueRange,
  },
  maxPixels: {
    ...upTo(1, Number.MAX_SAFE_INTEGER),
    default: 1_000_000_000,
    help: "refuse larger pictures",
  },
  tolerant: {
    ...toggle(),
    help: "process what decodes of a damaged picture; warn",
  },
  strength: {
    value: "S",
    common: true,
    default: 1,
    help: "how much of the restoration is added, 0 to 1.5",
    check: (name, value) => numberIn(name, decimal(value), 0, strongest),
  },
  mask: {
    ...path(),
    common: true,
    default: undefined,
    otherwise: "none",
    help: "image: restore where it is white, leave where it is black",
  },
  region: {
    value: "X,Y,W,H",
    common: true,
    default: undefined,
    otherwise: "the whole picture",
    help: "restore this rectangle only, in pixels",
    check: (name, value) => (value === undefined ? undefined : rectangle(name, value)),
  },
  skipSharp: {
    ...toggle(),
    help: "leave tiles as they are where the predicted kernels show no blur",
  },
  onTileError: {
    ...choice(tileErrorPolicies, "WHAT"),
    default: "fail",
    help: "a tile that fails ends the run (fail) or stays blurry (copy)",
  },
  timeout: {
    ...upTo(1, 86_400),
    value: "SECONDS",
    default: tileDefaults.timeout,
    help: "longest wait for one stage of a tile",
  },
  stripMetadata: {
    ...toggle(),
    help: "leave out Exif, XMP and IPTC; the colour profile stays",
  },
  noResume: {
    ...toggle(),
    help: "start over where an earlier run of the same OUT did not finish",
  },
  force: { ...toggle("f"), common: true, help: "replace an output that exists" },
  kernels: {
    ...path(),
    common: true,
    default: undefined,
    help: "motion kernels: image (.png .jpg .webp) or numbers (.npy .safetensors)",
  },
  sigma: {
    ...path(),
    common: true,
    default: undefined,
    help: "uncertainty: image (.png .jpg .webp) or numbers (.npy .safetensors)",
  },
};
