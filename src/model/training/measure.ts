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

/** What a net makes of a picture, to be looked at. */
export interface Sampled {
  /** [height, width, 3], eight bits. */
  readonly restored: Uint8Array | undefined;
  /** Kernels of `across`² evenly spaced places: [across², size²], as decoded. */
  readonly kernels:
    | { readonly size: number; readonly across: number; readonly taps: Float32Array }
    | undefined;
}

export interface Measure {
  of(pair: MeasuredPair): Measured;
  look(pair: MeasuredPair): Sampled;
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
  const seen = ({ width, height, blurry }: MeasuredPair) => {
    const image = mapOf(blurry, width, height);
    const field = estimate && decode?.run({ ...estimate.run({ image }) });
    return { image, field, residual: restore?.run({ image, ...field }).residual };
  };
  return {
    look: (pair) =>
      tf.tidy(() => {
        const { image, field, residual } = seen(pair);
        return {
          restored: residual && Uint8Array.from(rounded(tf.add(image, residual))),
          kernels: field && sampledKernels(field.kernels as tf.Tensor4D, config.kernelSize),
        };
      }),
    of: (pair) =>
      tf.tidy(() => {
        const { width, height, sharp, blurry } = pair;
        const { image, field, residual } = seen(pair);
        const again =
          field && reblurByImage(mapOf(sharp, width, height), field.kernels, "replicate");
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

function mapOf(samples: Uint8Array, width: number, height: number): tf.Tensor4D {
  const unit = Float32Array.from(samples, (level) => level / 255);
  return tf.tensor4d(unit, [1, height, width, 3]);
}

/** Places looked at along a side. */
const across = 8;

/** @param field [1, rows, columns, size²] */
function sampledKernels(field: tf.Tensor4D, size: number): NonNullable<Sampled["kernels"]> {
  const [, rows, columns, taps] = field.shape;
  const values = field.dataSync<"float32">();
  const chosen = new Float32Array(across * across * taps);
  for (let place = 0; place < across * across; place++) {
    const middle = (i: number, count: number) => Math.floor(((i + 0.5) * count) / across);
    const row = middle(Math.floor(place / across), rows);
    const from = (row * columns + middle(place % across, columns)) * taps;
    chosen.set(values.subarray(from, from + taps), place * taps);
  }
  return { size, across, taps: chosen };
}
