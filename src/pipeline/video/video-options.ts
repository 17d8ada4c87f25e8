/** Lists the options of a video alone; those of tiles and engine are the same as an image's. */
import { invalid } from "../../check.ts";
import { OptionError } from "../../errors.ts";
import { type LevelsName, levelsNames, type MatrixName, matrixNames } from "../frames/colour.ts";
import { rawFormNames } from "../frames/pixel-form.ts";
import type { NameOf } from "../options/complete-options.ts";
import type { FileOptions } from "../options/file-options.ts";
import { choice, type OptionTable } from "../options/option-table.ts";

/** The options of a video, in addition to those of an image. */
export interface VideoOptions {
  /** undefined: BT.601 below 720 lines, BT.709 from there. */
  readonly matrix: MatrixName | undefined;
  /** undefined: the stream's levels, else limited for YUV and full for grey and RGB. */
  readonly levels: LevelsName | undefined;
  /** Pixels of a frame of raw video, together with `pixFmt`; undefined: the input has a header. */
  readonly size: { readonly width: number; readonly height: number } | undefined;
  /** Form of the samples of raw video; undefined: the input has a header. */
  readonly pixFmt: string | undefined;
  /** Frames a second of raw video, which FFmpeg needs to encode it; undefined: unknown. */
  readonly rate: { readonly frames: number; readonly seconds: number } | undefined;
}

/** The rows, in the order of --help. */
export const videoOptionTable: OptionTable<VideoOptions> = {
  matrix: {
    ...choice(matrixNames),
    default: undefined,
    otherwise: "601 below 720 lines, else 709",
    help: `of a video's colours: ${matrixNames.join(", ")}`,
  },
  levels: {
    ...choice(levelsNames),
    default: undefined,
    otherwise: "as the video says, or limited",
    help: "of a video's numbers: limited or full",
  },
  size: {
    value: "WxH",
    default: undefined,
    otherwise: "none",
    help: "frame of --format rawvideo, in pixels",
    check(name, value) {
      const [, width, height] = /^([1-9]\d{0,5})x([1-9]\d{0,5})$/.exec(String(value)) ?? [];
      if (width === undefined) throw invalid(name, "a size such as 1920x1080", value);
      return { width: Number(width), height: Number(height) };
    },
  },
  pixFmt: {
    ...choice(rawFormNames),
    default: undefined,
    otherwise: "none",
    help: `samples of it: ${rawFormNames.slice(0, 4).join(", ")} …`,
  },
  rate: {
    value: "FPS",
    default: undefined,
    otherwise: "none",
    help: "frames a second of it, 25 or 30000/1001",
    check(name, value) {
      const [, frames, seconds = "1"] =
        /^([1-9]\d{0,8})(?:[/:]([1-9]\d{0,8}))?$/.exec(String(value)) ?? [];
      if (frames === undefined) throw invalid(name, "a rate such as 25 or 30000/1001", value);
      return { frames: Number(frames), seconds: Number(seconds) };
    },
  },
};

/** Options of an image's file, which a video lacks. */
const ofImages = [
  "format",
  "bits",
  "quality",
  "compression",
  "cog",
  "pyramid",
  "bands",
  "range",
  "kernels",
  "sigma",
  "memory",
  "tolerant",
  "stripMetadata",
] as const satisfies readonly (keyof FileOptions)[];

/** Refuses the options of an image's file. @throws OptionError naming the first one given */
export function refuseImageOptions(options: FileOptions, nameOf: NameOf): void {
  for (const key of ofImages) {
    if (options[key] === undefined || options[key] === false) continue;
    throw new OptionError(`Expected ${nameOf(key)} only with pictures but the input is a video`);
  }
}
