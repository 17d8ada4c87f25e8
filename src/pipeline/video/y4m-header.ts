/**
 * Parses the first line of a YUV4MPEG2 stream (mjpegtools, yuv4mpeg(5); FFmpeg's depths and XCOLORRANGE). Its size is
 * checked before any buffer of that size is allocated.
 */
import { InputError } from "../../errors.ts";
import type { Colour, LevelsName, MatrixName } from "../frames/colour.ts";
import { type PixelForm, y4mForm } from "../frames/pixel-form.ts";

/** The first word of a stream. */
export const y4mSignature = "YUV4MPEG2";

/** Most bytes of a header line, of the stream or of a frame. */
export const longestLine = 4096;

/** The content of the first line of a YUV4MPEG2 stream. */
export interface Y4mHeader {
  readonly width: number;
  readonly height: number;
  readonly form: PixelForm;
  /** Frames a second as a quotient; undefined: the stream gives none. */
  readonly rate: { readonly frames: number; readonly seconds: number } | undefined;
  /** False for interlaced fields, which were captured one after the other. */
  readonly progressive: boolean;
  /** The value of XCOLORRANGE; undefined: the stream gives none. */
  readonly levels: LevelsName | undefined;
  /** The whole line without its end. The writer of an output stream repeats it. */
  readonly line: string;
}

/** The caller's matrix and levels, which take precedence over those of the header. */
export interface ColourChoice {
  readonly matrix?: MatrixName | undefined;
  readonly levels?: LevelsName | undefined;
}

/** Parses the header line. @throws InputError with the stream's `name` if it is no header, or of an unsupported form */
export function parseY4mHeader(
  line: string,
  { name, maxPixels }: { readonly name: string; readonly maxPixels: number },
): Y4mHeader {
  const [signature, ...words] = line.split(" ");
  if (signature !== y4mSignature) {
    throw new InputError(name, `Expected a line beginning with ${y4mSignature} but found another`);
  }
  const parameter = (key: string): string | undefined =>
    words.findLast((word) => word.startsWith(key))?.slice(key.length);
  const width = lengthOf("W", parameter("W"), name);
  const height = lengthOf("H", parameter("H"), name);
  if (width * height > maxPixels) {
    throw new InputError(
      name,
      `Expected at most ${maxPixels} pixels but found ${width}×${height} = ${width * height}`,
    );
  }
  // Older streams have XYSCSS, in capitals, in place of C.
  const space = parameter("C") ?? parameter("XYSCSS=")?.toLowerCase() ?? "420";
  const form = y4mForm(space);
  if (form === undefined) {
    throw new InputError(
      name,
      `Expected 4:2:0, 4:2:2, 4:1:1, 4:4:4 or mono of 8 to 16 bits but found C${shown(space)}`,
    );
  }
  const range = parameter("XCOLORRANGE=")?.toLowerCase();
  const interlacing = parameter("I");
  return {
    width,
    height,
    form,
    rate: rateOf(parameter("F")),
    progressive: interlacing === undefined || ["p", "?"].includes(interlacing),
    levels: range === "full" || range === "limited" ? range : undefined,
    line,
  };
}

/**
 * Returns the meaning of a stream's numbers: the caller's choice, else the stream's own values, else the defaults of
 * FFmpeg. Those are BT.601 below 720 lines and BT.709 from there, full levels of grey and RGB, else limited ones.
 */
export function colourOf(
  { form, height, levels }: Pick<Y4mHeader, "form" | "height" | "levels">,
  choice: ColourChoice,
): Colour {
  return {
    matrix: choice.matrix ?? (height < 720 ? "601" : "709"),
    levels: choice.levels ?? levels ?? (form.model === "yuv" ? "limited" : "full"),
  };
}

function lengthOf(key: "W" | "H", digits: string | undefined, name: string): number {
  if (digits !== undefined && /^[1-9]\d{0,8}$/.test(digits)) return Number(digits);
  const found = digits === undefined ? "none" : shown(digits);
  throw new InputError(name, `Expected a size after ${key} in the first line but found ${found}`);
}

/** Parses a rate; 0:0 stands for an unknown one. */
function rateOf(text: string | undefined): Y4mHeader["rate"] {
  const [, frames, seconds] = /^(\d{1,9}):(\d{1,9})$/.exec(text ?? "") ?? [];
  const rate = { frames: Number(frames), seconds: Number(seconds) };
  return rate.frames > 0 && rate.seconds > 0 ? rate : undefined;
}

/** Quotes a text of the file, which may be long or binary, for a message. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}
