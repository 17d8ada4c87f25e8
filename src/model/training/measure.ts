/** How good a net is that is being trained: a sharp and a blurry picture in, PSNRs out. */
import * as tf from "@tensorflow/tfjs-core";
import type { NetConfig } from "../config.ts";
import { psnr } from "../metrics.ts";
import { decodeFlowGraph, estimateKernelsGraph, restoreGraph } from "../nets/ufpnet.ts";
import type { Weights } from "../weights/weights.ts";
import { freeze } from "./frozen-net.ts";
import { reblurByImage } from "./reblur-slopes.ts";

/** Eight bits a sample, [height, width, 3]; sides multiples of the net's alignment. */
export interface MeasuredPair {
  readonly width: number;
  readonly height: number;
  readonly sharp: Uint8Array;
  readonly blurry: Uint8Array;
}

/** Of pictures rounded to 8 bits, dB. */
export interface Measured {
  /** The restored picture, against the sharp one; none where the restorer is not measured. */
  readonly psnr: number | undefined;
  /** The blurry one, against the sharp one. */
  readonly blurryPsnr: number;
  /** The sharp one blurred with the estimated kernels, against the blurry one (paper, Table 4). */
  readonly reblurPsnr: number | undefined;
}

export interface Measure {
  of(pair: MeasuredPair): Measured;
  dispose(): void;
}

/** Codes without noise, TLC. The caller disposes it. @param restores whether the restorer is measured too */
export function openMeasure(config: NetConfig, weights: Weights, restores: boolean): Measure {
  const restore = restores ? freeze(restoreGraph(config, "tlc"), weights) : undefined;
  const withKernels = config.kernelSize > 0;
  const estimate = withKernels ? freeze(estimateKernelsGraph(config), weights) : undefined;
  const decode = withKernels
    ? freeze({ kernels: decodeFlowGraph(config).kernels }, weights)
    : undefined;
  return {
    of: ({ width, height, sharp, blurry }) =>
      tf.tidy(() => {
        const map = (samples: Uint8Array): tf.Tensor4D =>
          tf.tensor4d(
            Float32Array.from(samples, (v) => v / 255),
            [1, height, width, 3],
          );
        const image = map(blurry);
        const field = estimate && decode?.run({ ...estimate.run({ image }) });
        const residual = restore?.run({ image, ...field }).residual;
        const again = field && reblurByImage(map(sharp), field.kernels, "replicate");
        return {
          psnr: residual && psnr(sharp, rounded(tf.add(image, residual)), 255),
          blurryPsnr: psnr(sharp, blurry, 255),
          reblurPsnr: again && psnr(blurry, rounded(again), 255),
        };
      }),
    dispose() {
      for (const net of [restore, estimate, decode]) net?.dispose();
    },
  };
}

function rounded(image: tf.Tensor): Uint8ClampedArray {
  // Clamped and rounded as it is stored.
  return Uint8ClampedArray.from(image.dataSync<"float32">(), (v) => 255 * v);
}
