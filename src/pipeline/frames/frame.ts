/** Declares a frame of a video: its samples as in the stream, with their form and their meaning. */
import type { Colour } from "./colour.ts";
import type { PixelForm } from "./pixel-form.ts";

/** A frame of a video, in the samples of its stream. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly form: PixelForm;
  readonly colour: Colour;
  /** `frameBytes(form, size)` bytes: planes of YUV one after the other, channels of RGB interleaved. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** The text after the word FRAME of a YUV4MPEG2 stream, one character per byte; empty for other streams. */
  readonly parameters: string;
}
