/** Makes the view of an image that a screen shows: 8 bits a sample, its range stretched from black to white. */
import type { ImageSource } from "./raster.ts";

export interface ScreenRange {
  /** The channels to show: one (grey) or three. */
  readonly colours: readonly number[];
  /** Values that are black and white. */
  readonly range: readonly [low: number, high: number];
}

/** The image with its colours alone; what lies outside the range is clamped, what is no number is black. */
export function screenView(
  source: ImageSource,
  { colours, range: [low, high] }: ScreenRange,
): ImageSource {
  const channels = colours.length;
  const scale = 255 / (high - low);
  return {
    width: source.width,
    height: source.height,
    channels,
    sampleType: "uint8",
    async read(rect, options) {
      const raster = await source.read(rect, options);
      const samples = new Uint8Array(rect.width * rect.height * channels);
      for (let at = 0, from = 0; at < samples.length; from += raster.channels) {
        for (const colour of colours) {
          const value = ((raster.samples[from + colour] as number) - low) * scale;
          // NaN becomes 0.
          samples[at++] = Math.min(255, Math.max(0, Math.round(value)));
        }
      }
      return { width: rect.width, height: rect.height, channels, samples };
    },
  };
}
