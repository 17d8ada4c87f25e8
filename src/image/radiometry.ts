/** Defines what the channels of an image mean: colours, alpha, the values of black and white, and nodata. */
import { type SampleType, whiteOf } from "./samples.ts";

/** What the numbers of an image mean. */
export interface Radiometry {
  /** The channels the net sees, by index: one (grey) or three. Every other channel is copied. */
  readonly colours: readonly number[];
  /** Source values that are 0 and 1 to the net: linear between them, clamped outside; low is above high in a negative. */
  readonly range: readonly [low: number, high: number];
  /** The channel that says how opaque a pixel is; `premultiplied`: the colours are weighted by it already. */
  readonly alpha?: { readonly channel: number; readonly premultiplied: boolean };
  /** A pixel with a colour of this value (which may be NaN) is no measurement: it is copied, and never seen. */
  readonly nodata?: number;
}

/**
 * What an image means that does not say it: 1 and 2 channels are grey, 3 and 4 RGB, the last of 2 and 4 is
 * straight alpha; integers from 0 to the type's greatest value, floats from 0 to 1.
 */
export function plainRadiometry(channels: number, type: SampleType): Radiometry {
  return {
    colours: channels < 3 ? [0] : [0, 1, 2],
    range: [0, whiteOf(type)],
    ...((channels === 2 || channels === 4) && {
      alpha: { channel: channels - 1, premultiplied: false },
    }),
  };
}
