/**
 * The first line of a YUV4MPEG2 stream (mjpegtools, yuv4mpeg(5); FFmpeg's depths and XCOLORRANGE), read and checked
 * before anything as large as it says is made.
 */
import { InputError } from "../../errors.ts";
import type { Colour, LevelsName, MatrixName } from "../frames/colour.ts";
import { type PixelForm, y4mForm } from "../frames/pixel-form.ts";

/** What a stream begins with. */
export const y4mSignature = "YUV4MPEG2";

/** Bytes a line may have, of the stream or of a frame. */
export const longestLine = 4096;

/** What the first line of a YUV4MPEG2 stream says. */
export interface Y4mHeader {
  readonly width: number;
  readonly height: number;
  readonly form: PixelForm;
  /** Frames a second as a quotient; none where the stream does not say. */
  readonly rate: { readonly frames: number; readonly seconds: number } | undefined;
  /** False of fields that were taken one after the other. */
  readonly progressive: boolean;
  /** What XCOLORRANGE says. */
  readonly levels: LevelsName | undefined;
  /** All of the line, without its end; whoever writes the stream on writes it again. */
  readonly line: string;
}

/** What a caller said about a video, as far as its header does not. */
export interface ColourChoice {
  readonly matrix?: MatrixName | undefined;
  readonly levels?: LevelsName | undefined;
}

/** @throws InputError, with the stream's `name`, where it is no header or one of a stream that is not read here */
export function parseY4mHeader(
  line: string,
  { name, maxPixels }: { readonly name: string; readonly maxPixels: number },
): Y4mHeader {
  const [signature, ...words] = line.split(" ");
  if (signature !== y4mSignature) {
    throw new InputError(name, `Expected a line beginning with ${y4mSignature} but found another`);
  }
  const said = (key: string): string | undefined =>
    words.findLast((word) => word.startsWith(key))?.slice(key.length);
  const width = lengthOf("W", said("W"), name);
  const height = lengthOf("H", said("H"), name);
  if (width * height > maxPixels) {
    throw new InputError(
      name,
      `Expected at most ${maxPixels} pixels but found ${width}×${height} = ${width * height}`,
    );
  }
  // Before there was C, XYSCSS said the same in capitals.
  const space = said("C") ?? said("XYSCSS=")?.toLowerCase() ?? "420";
  const form = y4mForm(space);
  if (form === undefined) {
    throw new InputError(
      name,
      `Expected 4:2:0, 4:2:2, 4:1:1, 4:4:4 or mono of 8 to 16 bits but found C${shown(space)}`,
    );
  }
  const range = said("XCOLORRANGE=")?.toLowerCase();
  const interlacing = said("I");
  return {
    width,
    height,
    form,
    rate: rateOf(said("F")),
    progressive: interlacing === undefined || ["p", "?"].includes(interlacing),
    levels: range === "full" || range === "limited" ? range : undefined,
    line,
  };
}

/**
 * What a stream's numbers mean: what is said by the caller, else by the stream, else BT.601 below 720 lines and
 * BT.709 from there; limited levels, but full ones of grey and RGB, as FFmpeg has it.
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

/** 0:0 is how a stream says that it does not know. */
function rateOf(text: string | undefined): Y4mHeader["rate"] {
  const [, frames, seconds] = /^(\d{1,9}):(\d{1,9})$/.exec(text ?? "") ?? [];
  const rate = { frames: Number(frames), seconds: Number(seconds) };
  return rate.frames > 0 && rate.seconds > 0 ? rate : undefined;
}

/** What a file says may be anything. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}
