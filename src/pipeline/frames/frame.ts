/** One picture of a video: its samples as the stream has them, and all that is needed to understand them. */
import type { Colour } from "./colour.ts";
import type { PixelForm } from "./pixel-form.ts";

/** One picture of a video, in the samples of its stream. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly form: PixelForm;
  readonly colour: Colour;
  /** `frameBytes(form, size)` bytes: planes of YUV one after the other, channels of RGB interleaved. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** What stands after the word FRAME of a YUV4MPEG2 stream, a character a byte; empty elsewhere. */
  readonly parameters: string;
}
