/** Refuses, before any work, an image that its output's format cannot hold, and names the formats that can. */
import { OptionError } from "../../errors.ts";
import {
  formatNames,
  type OutputFormat,
  oneOfFormat,
  outputFormats,
  writtenFormats,
} from "../formats/image-formats.ts";

export interface OutputImage {
  readonly format: OutputFormat;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Of a sample as it is handed to the encoder. */
  readonly bits: 8 | 16;
}

/** @throws OptionError where `image` is too large, too deep or transparent for its format. */
export function assertFormatHolds(image: OutputImage): void {
  const { format, width, height, channels, bits } = image;
  const one = oneOfFormat(format);
  const side = Math.max(width, height);
  const transparent = channels === 2 || channels === 4;
  const { largestSide } = outputFormats[format];
  const problem =
    (tooDeep(format, bits) && `Expected 8 bits for ${one} but received ${bits}`) ||
    (transparent &&
      !outputFormats[format].alpha &&
      `Expected no transparency for ${one} but the picture has it`) ||
    (side > largestSide &&
      `Expected at most ${largestSide} pixels a side for ${one} but the picture has ${width}×${height}`);
  if (!problem) return;
  const holding = writtenFormats.filter(
    (other) =>
      !tooDeep(other, bits) &&
      (!transparent || outputFormats[other].alpha) &&
      side <= outputFormats[other].largestSide,
  );
  throw new OptionError(`${problem}: choose ${inWords(holding)}`);
}

/** 16 bits may be rounded to 12, with a notice; to 8 only where the user asks for it. */
function tooDeep(format: OutputFormat, bits: 8 | 16): boolean {
  return bits === 16 && outputFormats[format].bits === 8;
}

function inWords(formats: readonly OutputFormat[]): string {
  const names = formats.map((format) => formatNames[format]);
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}
