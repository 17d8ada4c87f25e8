/** The pixels a source holds to be measurements, as a picture of one channel: 1 where they are, else 0. */
import type { ImageSource } from "../../../../image/raster.ts";

export function validOf(source: ImageSource): ImageSource {
  const { width, height } = source;
  return {
    ...{ width, height, channels: 1, sampleType: "uint8" },
    async read(rect, options) {
      const { valid } = await source.read(rect, options);
      const samples = valid ?? new Uint8Array(rect.width * rect.height).fill(1);
      return { width: rect.width, height: rect.height, channels: 1, samples };
    },
  };
}
