/** Opens a frame as the source of an image, and its residual as the sink. */
import type { ImageSink, ImageSource } from "../../image/raster.ts";
import type { Frame } from "./frame.ts";
import { coloursOf } from "./frame-colours.ts";

/** The source and the sink of a frame. */
export interface FrameEnds {
  readonly source: ImageSource;
  readonly sink: ImageSink;
  /** The residual that the sink has received: [3, height, width] planar, 0..1. */
  readonly residual: Float32Array<ArrayBuffer>;
}

/**
 * Opens both ends, in memory. The residual is kept whole until the frame is done: a chroma sample may cover pixels of
 * two blocks, and its sum must not depend on their order.
 */
export function openFrameEnds(frame: Frame): FrameEnds {
  const { width, height, form } = frame;
  const residual = new Float32Array(3 * width * height);
  return {
    source: {
      width,
      height,
      channels: form.model === "grey" ? 1 : 3,
      sampleType: "float32",
      read: async (rect) => coloursOf(frame, rect),
    },
    sink: {
      async write({ rect, residual: part }) {
        for (let line = 0; line < 3 * rect.height; line++) {
          const [plane, row] = [Math.floor(line / rect.height), line % rect.height];
          const to = (plane * height + rect.y + row) * width + rect.x;
          residual.set(part.subarray(line * rect.width, (line + 1) * rect.width), to);
        }
      },
    },
    residual,
  };
}
