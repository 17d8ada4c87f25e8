/** Reduces planes by averaging boxes of pixels. */
import type { Planes } from "../tiling/pieces.ts";

/**
 * The mean of each box of `scale` × `scale` pixels: [3, height / scale, width / scale] planar. This is area averaging,
 * as a sensor with larger pixels does it.
 * @throws RangeError if a side is no multiple of `scale`
 */
export function reducePlanes({ residual: values, width, height }: Planes, scale: number): Planes {
  if (width % scale !== 0 || height % scale !== 0) {
    throw new RangeError(`expected multiples of ${scale} but received ${width}×${height}`);
  }
  const [across, down] = [width / scale, height / scale];
  const means = new Float32Array(3 * across * down);
  const sums = new Float64Array(across);
  for (let row = 0; row < 3 * down; row++) {
    sums.fill(0);
    for (let y = 0, from = row * scale * width; y < scale; y++) {
      for (let x = 0; x < across; x++) {
        for (let i = 0; i < scale; i++) sums[x] = (sums[x] as number) + (values[from++] as number);
      }
    }
    for (let x = 0; x < across; x++) {
      means[row * across + x] = (sums[x] as number) / (scale * scale);
    }
  }
  return { residual: means, width: across, height: down };
}
