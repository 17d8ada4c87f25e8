/** Lists every option of one image; the command line and `deblurFile` read the same table. */
import { availableParallelism } from "node:os";
import { oneOf } from "../../check.ts";
import { type OutputFormat, outputFormats } from "../../io/formats/image-formats.ts";
import type { TiffCompression } from "../../io/formats/tiff/write/tile-layout.ts";
import { type PresetName, presets } from "../../model/config.ts";
import type { EnginePrecision } from "../../model/engine.ts";
import { largestSeed } from "../../model/engines/kernel-noise.ts";
import { type TileErrorPolicy, tileErrorPolicies } from "../../operators/stages/tile.ts";
import { byteSize } from "../../text/byte-size.ts";
import type { EngineName, EngineOptions } from "../engines/engine-options.ts";
import { engineNames } from "../engines/engine-table.ts";
import { bandList, rangeOf } from "./option-lists.ts";
import { choice, type OptionTable, path, toggle, upTo, word } from "./option-table.ts";
import { tileDefaults } from "./tile-defaults.ts";

/** What a caller may choose about one image. */
export interface FileOptions extends EngineOptions {
  /** Bytes the process may take at most; none: as many as the other options need. */
  readonly memory: number | undefined;
  /** Side of a tile in pixels, halo included; none: 512, or what `memory` allows. */
  readonly tile: number | undefined;
  /** Pixels a tile reads beyond its core on each side. */
  readonly halo: number;
  /** Tiles between reading and stored result; none: 3, or what `memory` allows. */
  readonly inFlight: number | undefined;
  /** None: what the output's suffix says, or the input's where it has none to go by. */
  readonly format: OutputFormat | undefined;
  /** Bits a sample of the output; none: those of the input, as far as the format has them. */
  readonly bits: 8 | 16 | undefined;
  /** Of a JPEG, WebP or AVIF; none: that of its format. 100 is lossless in WebP and AVIF. */
  readonly quality: number | undefined;
  /** Of a TIFF output; none: that of a georeferenced TIFF where it has none, else deflate. */
  readonly compression: TiffCompression | undefined;
  /** A TIFF output is cloud-optimised: overviews, directories first. */
  readonly cog: boolean;
  /** Tiles for viewers beside the output. */
  readonly pyramid: "dzi" | undefined;
  /** Bands the net sees, one or three, from 1 on; none: the first three, or the first of fewer. */
  readonly bands: readonly number[] | undefined;
  /** Values that are black and white to the net; none: those of the picture. */
  readonly range: readonly [low: number, high: number] | undefined;
  readonly maxPixels: number;
  readonly tolerant: boolean;
  /** Tiles whose kernels are all close to none are not restored. */
  readonly skipSharp: boolean;
  readonly onTileError: TileErrorPolicy;
  /** Seconds one stage of a tile may take. */
  readonly timeout: number;
  readonly stripMetadata: boolean;
  /** Make all tiles again, also those that an unfinished run of the same output has kept. */
  readonly noResume: boolean;
  readonly force: boolean;
  /** Paths of files for the decoded motion kernels and their uncertainty; none: they are not kept. */
  readonly kernels: string | undefined;
  readonly sigma: string | undefined;
}

const presetNames = Object.keys(presets) as PresetName[];

/** Tile sides and halos are multiples of this: 2^levels of the nets. */
export const step = 16;

/** What --format may say. */
export const formats = Object.keys(outputFormats) as OutputFormat[];

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
  engine: {
    ...choice<EngineName>(["auto", ...engineNames]),
    default: "auto",
    help: "what computes; `deblur engines` lists them",
  },
  adapter: {
    ...word("NAME"),
    default: undefined,
    otherwise: "the engine's choice",
    help: "part of its name (WebGPU), or its number (CUDA)",
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
    otherwise: "as the others need",
    common: true,
    help: "most memory to take, such as 800M, 2G or 2GiB",
    check: (name, value) => (value === undefined ? undefined : byteSize(name, value)),
  },
  tile: {
    ...upTo(step, 8192, step),
    default: undefined,
    otherwise: `${tileDefaults.tile}, or as memory allows`,
    help: `side of a tile, pixels, a multiple of ${step}`,
  },
  halo: {
    ...upTo(0, 2048, step),
    default: tileDefaults.halo,
    help: `pixels a tile sees beyond its core, a multiple of ${step}`,
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
    help: "draw the kernels with this seed, 0 to 2³² − 1, not their mean",
  },
  inFlight: {
    ...upTo(1, 64),
    default: undefined,
    otherwise: `${tileDefaults.inFlight}, or as memory allows`,
    help: "tiles worked on at a time",
  },
  format: {
    ...choice(formats),
    default: undefined,
    otherwise: "as OUT ends; for - or DIR the input's",
    common: true,
    help: formats.join(", "),
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
    otherwise: "95, AVIF 85",
    common: true,
    help: "of JPEG, WebP, AVIF; 100: lossless in WebP and AVIF",
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
    check: rangeOf,
  },
  maxPixels: {
    ...upTo(1, Number.MAX_SAFE_INTEGER),
    default: 1_000_000_000,
    help: "refuse larger pictures",
  },
  tolerant: {
    ...toggle(),
    help: "of a damaged picture, restore what can be decoded, and say so",
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
    help: "motion kernels: drawn (.png .jpg .webp) or numbers (.npy .safetensors)",
  },
  sigma: {
    ...path(),
    common: true,
    default: undefined,
    help: "uncertainty: mapped (.png .jpg .webp) or numbers (.npy .safetensors)",
  },
};
