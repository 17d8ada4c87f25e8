/** Makes a frame from a buffer of samples, for cameras and decoders that deliver buffers. */
import { oneOf } from "../../check.ts";
import { InputError } from "../../errors.ts";
import type { Frame } from "../frames/frame.ts";
import { frameBytes, type PixelForm, rawForm, rawFormNames } from "../frames/pixel-form.ts";
import { type ColourChoice, colourOf } from "./y4m-header.ts";

/** The layout of a frame's samples. */
export interface RawFrameLayout extends ColourChoice {
  readonly width: number;
  readonly height: number;
  /** By FFmpeg's name: rgb24, rgba, rgb48le, gray, gray16le, yuv420p, yuv444p. */
  readonly pixFmt: string;
}

/**
 * Makes a frame of `data`, which it keeps and does not change.
 *
 *     const frame = rawFrame(new Uint8Array(rgba), { width: 640, height: 480, pixFmt: "rgba" });
 *
 * @throws OptionError for an unknown pixel format; InputError unless `data` has the bytes of one frame
 */
export function rawFrame(
  data: Uint8Array<ArrayBuffer>,
  { width, height, pixFmt, ...choice }: RawFrameLayout,
): Frame {
  const form = rawForm(oneOf("pixFmt", pixFmt, rawFormNames)) as PixelForm;
  const expected = frameBytes(form, { width, height });
  if (data.length !== expected) {
    const found = `Expected ${expected} bytes of ${width}×${height} ${pixFmt} but found ${data.length}`;
    throw new InputError("frame", found);
  }
  const colour = colourOf({ form, height, levels: undefined }, choice);
  return { width, height, form, colour, data, parameters: "" };
}
