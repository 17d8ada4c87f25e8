/**
 * Every option of `deblur IN -o OUT`, once: how it is written, what it may be, what it is when nobody
 * says, and the words of --help.
 */
import { availableParallelism } from "node:os";
import { integer, invalid, oneOf } from "../check.ts";
import { type PresetName, presets } from "../model/config.ts";
import type { Pooling } from "../model/engine.ts";
import { type TileErrorPolicy, tileErrorPolicies } from "../operators/copy-failed.ts";

/** What a caller may choose about one picture. */
export interface FileOptions {
  /** Path of a safetensors file; none: the bundled weights of `preset`. */
  readonly weights: string | undefined;
  /** None: that of `weights`, or lite. */
  readonly preset: PresetName | undefined;
  readonly engine: "auto" | "onnx" | "copy";
  /** Of the engine, and as many again for decoding and encoding. */
  readonly threads: number;
  /** Side of a tile in pixels, halo included. */
  readonly tile: number;
  /** Pixels a tile reads beyond its core on each side. */
  readonly halo: number;
  readonly pooling: Pooling;
  /** Tiles between reading and stored result. */
  readonly inFlight: number;
  /** Bits a sample of the output; none: those of the input, as far as the format has them. */
  readonly bits: 8 | 16 | undefined;
  /** JPEG quality; none: `defaultQuality`. */
  readonly quality: number | undefined;
  readonly maxPixels: number;
  readonly tolerant: boolean;
  readonly onTileError: TileErrorPolicy;
  /** Seconds. */
  readonly tileTimeout: number;
  readonly stripMetadata: boolean;
  readonly force: boolean;
}

/** What the command line may say on top. */
export interface CommandOptions extends FileOptions {
  readonly output: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

/** One row of the table. */
export interface OptionRow<T> {
  /** One letter. */
  readonly short?: string;
  /** What --help calls the value; a switch has none. */
  readonly value?: string;
  /** Digits on the command line are a number. */
  readonly numeric?: boolean;
  readonly default: T;
  /** The default in words, where it is decided later. */
  readonly otherwise?: string;
  readonly help: string;
  /** @throws OptionError if `value` is not one this option can have. */
  check(name: string, value: unknown): T;
}

const presetNames = Object.keys(presets) as PresetName[];

/** JPEG quality when nobody says; a quality said for another format is refused. */
export const defaultQuality = 95;

/** Tile sides and halos are multiples of this: 2^levels of the nets. */
export const step = 16;

/** The rows, in the order of --help. */
export const optionTable: {
  readonly [Key in keyof CommandOptions]-?: OptionRow<CommandOptions[Key]>;
} = {
  output: {
    short: "o",
    value: "FILE",
    default: undefined,
    help: "where the restored picture goes",
    check: path,
  },
  weights: {
    value: "FILE",
    default: undefined,
    otherwise: "those that come along",
    help: "weights of the net (safetensors)",
    check: path,
  },
  preset: {
    value: "NAME",
    default: undefined,
    otherwise: "that of the weights, or lite",
    help: `size of the net: ${presetNames.join(", ")}`,
    check: (name, value) => oneOf(name, value, presetNames),
  },
  engine: {
    value: "NAME",
    default: "auto",
    help: "auto, onnx, or copy (changes nothing)",
    check: (name, value) => oneOf(name, value, ["auto", "onnx", "copy"]),
  },
  threads: {
    ...upTo(1, 1024),
    default: availableParallelism(),
    otherwise: "one a core",
    help: "threads that compute",
  },
  tile: {
    ...upTo(step, 8192, step),
    default: 512,
    help: `side of a tile in pixels, a multiple of ${step}`,
  },
  halo: {
    ...upTo(0, 2048, step),
    default: 64,
    help: `pixels a tile sees beyond its core, a multiple of ${step}`,
  },
  pooling: {
    value: "KIND",
    default: "global",
    help: "channel attention over the tile (global) or a window (tlc)",
    check: (name, value) => oneOf(name, value, ["global", "tlc"]),
  },
  inFlight: {
    ...upTo(1, 64),
    default: 3,
    help: "tiles worked on at a time; memory grows with it",
  },
  bits: {
    value: "8|16",
    numeric: true,
    default: undefined,
    otherwise: "those of the input",
    help: "bits a sample of the output",
    check: (name, value) => oneOf(name, value, [8, 16]),
  },
  quality: {
    ...upTo(1, 100),
    default: undefined,
    otherwise: String(defaultQuality),
    help: "JPEG quality, 1 to 100",
  },
  maxPixels: {
    ...upTo(1, Number.MAX_SAFE_INTEGER),
    default: 1_000_000_000,
    help: "refuse larger pictures",
  },
  tolerant: {
    ...toggle(),
    help: "decode what is there of a damaged picture, and say so",
  },
  onTileError: {
    value: "WHAT",
    default: "fail",
    help: "a tile that fails ends the run (fail) or stays blurry (copy)",
    check: (name, value) => oneOf(name, value, tileErrorPolicies),
  },
  tileTimeout: {
    ...upTo(1, 86_400),
    value: "SECONDS",
    default: 600,
    help: "longest wait for one stage of a tile",
  },
  stripMetadata: { ...toggle(), help: "leave out Exif, XMP and IPTC; the colour profile stays" },
  force: { ...toggle("f"), help: "replace an output that exists" },
  json: { ...toggle(), help: "progress as JSON, one object a line" },
  quiet: { ...toggle("q"), help: "say nothing but errors" },
  help: { ...toggle("h"), help: "this text" },
  version: { ...toggle(), help: "the version" },
};

function upTo(
  min: number,
  max: number,
  multiple = 1,
): { value: string; numeric: true; check(name: string, value: unknown): number } {
  return {
    value: "N",
    numeric: true,
    check: (name, value) => integer(name, value, min, max, multiple),
  };
}

function toggle(short?: string): Omit<OptionRow<boolean>, "help"> {
  return {
    ...(short === undefined ? {} : { short }),
    default: false,
    check(name, value) {
      if (typeof value === "boolean") return value;
      throw invalid(name, "true or false", value);
    },
  };
}

function path(name: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw invalid(name, "a path", value);
}
