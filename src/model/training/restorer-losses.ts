/**
 * Defines the published losses of the restorers. Images are [n, h, w, 3], not clamped; losses are scalars.
 */
import * as tf from "@tensorflow/tfjs-core";
import type { NetConfig } from "../config.ts";
import { fftLoss } from "./fft-loss.ts";
import type { Feeds } from "./frozen-net.ts";
import { multiplyLines } from "./line-products.ts";
import { meanAbsolute, meanOfAll, psnrLoss } from "./losses.ts";

/**
 * The published loss of the net's restorer.
 * @param others see `Restored`
 */
export function restorationLoss(
  { restorer }: Pick<NetConfig, "restorer">,
  restored: tf.Tensor4D,
  others: Feeds,
  sharp: tf.Tensor4D,
): tf.Scalar {
  const { half, quarter, stage1, stage2 } = others as Readonly<Record<string, tf.Tensor4D>>;
  if (half && quarter) return mimoUnetLoss({ full: restored, half, quarter }, sharp);
  if (stage1 && stage2) return mprNetLoss([restored, stage2, stage1], sharp);
  if (restorer !== undefined) throw new Error(`${restorer} has no images to compare`);
  return psnrLoss(restored, sharp);
}

/** Weight of the Fourier transforms beside the images. */
const fourierWeight = 0.1;

/**
 * MIMO-UNet (Cho et al., ICCV 2021, eq. 6 to 8): mean |a − b| of the image at full, half and quarter size, and 0.1
 * times that of the Fourier transforms, which have no factor. The smaller targets are bilinear: means of 2×2 pixels, and
 * of the middle 2×2 of 4×4.
 */
export function mimoUnetLoss(
  outputs: {
    readonly full: tf.Tensor4D;
    readonly half: tf.Tensor4D;
    readonly quarter: tf.Tensor4D;
  },
  sharp: tf.Tensor4D,
): tf.Scalar {
  const [n, h, w, c] = sharp.shape;
  const half = tf.avgPool(sharp, 2, 2, "valid");
  const middle = tf.slice(sharp, [0, 1, 1, 0], [n, h - 2, w - 2, c]);
  const quarter = tf.avgPool(middle, 2, 4, "valid");
  const terms = [
    [outputs.full, sharp],
    [outputs.half, half],
    [outputs.quarter, quarter],
  ] as const;
  return sumOf(
    terms.map(([output, target]) => {
      const [, height, width] = target.shape;
      // Undoes the factor of an orthonormal transform.
      const weight = fourierWeight * Math.sqrt(height * width);
      return tf.add(meanAbsolute(output, target), tf.mul(fftLoss(output, target), weight));
    }),
  );
}

/** Weight of the edges beside the images. */
const edgeWeight = 0.05;

/**
 * MPRNet (Zamir et al., CVPR 2021, eq. 2 to 4): the sum over stages of the Charbonnier loss of the image, and 0.05 times
 * that of its edges.
 */
export function mprNetLoss(stages: readonly tf.Tensor4D[], sharp: tf.Tensor4D): tf.Scalar {
  return sumOf(
    stages.map((stage) => {
      const difference: tf.Tensor4D = tf.sub(stage, sharp);
      // Edges are linear: those of the difference are the difference of the edges.
      return tf.add(charbonnier(difference), tf.mul(charbonnier(edges(difference)), edgeWeight));
    }),
  );
}

/** Mean √(d² + ε²), ε = 1e-3. */
function charbonnier(difference: tf.Tensor): tf.Scalar {
  return meanOfAll(tf.sqrt(tf.add(tf.square(difference), 1e-6)));
}

/**
 * x − G(4·up(down(G(x)))): a level of the Laplacian pyramid, [n, h, w, c] → [n·c, h, w]. G blurs by [1, 5, 8, 5, 1]/20
 * along each axis with repeated edges; `down` keeps even pixels, `up` puts zeros between them.
 */
function edges(x: tf.Tensor4D): tf.Tensor3D {
  const [n, h, w, c] = x.shape;
  const planes: tf.Tensor3D = tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [n * c, h, w]);
  const coarse = multiplyLines(multiplyLines(planes, coarseLines(w)), coarseLines(h));
  return tf.sub(planes, coarse);
}

const taps = [0.05, 0.25, 0.4, 0.25, 0.05];

/** G, down, up and G of a line of `size` pixels as one matrix, the transpose of which multiplies columns. */
function coarseLines(size: number): Float32Array {
  const blur = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (const [i, tap] of taps.entries()) {
      const at = row * size + Math.min(size - 1, Math.max(0, row + i - 2));
      blur[at] = (blur[at] as number) + tap;
    }
  }
  const coarse = new Float32Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      let sum = 0;
      for (let even = 0; even < size; even += 2) {
        sum += 2 * (blur[row * size + even] as number) * (blur[even * size + column] as number);
      }
      coarse[column * size + row] = sum;
    }
  }
  return coarse;
}

function sumOf(terms: readonly tf.Tensor[]): tf.Scalar {
  return terms.reduce((sum, term) => tf.add(sum, term)) as tf.Scalar;
}
