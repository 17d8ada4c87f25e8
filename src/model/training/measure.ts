/** Measures a net during training by PSNRs on a sharp and a blurry image. */
import * as tf from "@tensorflow/tfjs-core";
import type { NetConfig } from "../config.ts";
import type { TfjsRuntime } from "../engines/tfjs/runtime.ts";
import { psnr } from "../measures/metrics.ts";
import {
  decodeFlowGraph,
  deconvolveAndRestoreGraph,
  estimateKernelsGraph,
} from "../nets/ufpnet.ts";
import type { Weights } from "../weights/weights.ts";
import { freeze } from "./frozen-net.ts";
import { reblurByImage } from "./reblur-gradients.ts";

/** Eight bits per sample, [height, width, 3]; sides are multiples of the net's alignment. */
export interface MeasuredPair {
  readonly width: number;
  readonly height: number;
  readonly sharp: Uint8Array;
  readonly blurry: Uint8Array;
}

/** PSNRs in dB between images rounded to 8 bits. */
export interface Measured {
  /** Restored against sharp; undefined: the restorer is not measured. */
  readonly psnr: number | undefined;
  /** Blurry against sharp. */
  readonly blurryPsnr: number;
  /**
   * Sharp blurred with the estimated kernels, against blurry (paper, Table 4); undefined for a net without kernels.
   */
  readonly reblurPsnr: number | undefined;
}

/** A net's results for one image, for display. */
export interface Sampled {
  /** [height, width, 3], eight bits; undefined: the restorer is not measured. */
  readonly restored: Uint8Array | undefined;
  /** Kernels at `across`² evenly spaced positions: [across², size²], as decoded. */
  readonly kernels:
    | { readonly size: number; readonly across: number; readonly taps: Float32Array }
    | undefined;
}

/** Measures one image at a time. */
export interface Measure {
  of(pair: MeasuredPair): Promise<Measured>;
  sample(pair: MeasuredPair): Promise<Sampled>;
  dispose(): void;
}

export interface MeasureSettings {
  readonly config: NetConfig;
  /** Weights of the whole net. */
  readonly weights: Weights;
  /** Whether the restorer is measured too. */
  readonly restores: boolean;
  /** From the runtime that computes. */
  readonly run: TfjsRuntime["run"];
}

/** Opens a measure with codes without noise and TLC pooling. The caller disposes it. */
export function openMeasure({ config, weights, restores, run }: MeasureSettings): Measure {
  const restore = restores ? freeze(deconvolveAndRestoreGraph(config, "tlc"), weights) : undefined;
  const withKernels = config.kernelSize > 0;
  const estimate = withKernels ? freeze(estimateKernelsGraph(config), weights) : undefined;
  const decode = withKernels
    ? freeze({ kernels: decodeFlowGraph(config).kernels }, weights)
    : undefined;
  const seen = ({ width, height, blurry }: MeasuredPair) => {
    const image = mapOf(blurry, width, height);
    const codes = estimate?.run({ image });
    const field = codes && decode?.run({ ...codes });
    const residual = restore?.run({
      image,
      ...field,
      ...(codes && { sigma: codes.sigma }),
    }).residual;
    return { image, field, residual };
  };
  return {
    sample: (pair) =>
      run(async () => {
        const { restored, field } = tf.tidy(() => {
          const { image, field, residual } = seen(pair);
          return { restored: residual && tf.add(image, residual), field: field?.kernels };
        });
        return {
          restored: restored && Uint8Array.from(await rounded(restored)),
          kernels: field && (await sampledKernels(field as tf.Tensor4D, config.kernelSize)),
        };
      }),
    of: (pair) =>
      run(async () => {
        const { width, height, sharp, blurry } = pair;
        const { restored, again } = tf.tidy(() => {
          const { image, field, residual } = seen(pair);
          return {
            restored: residual && tf.add(image, residual),
            again: field && reblurByImage(mapOf(sharp, width, height), field.kernels, "replicate"),
          };
        });
        return {
          psnr: restored && psnr(sharp, await rounded(restored), 255),
          blurryPsnr: psnr(sharp, blurry, 255),
          reblurPsnr: again && psnr(blurry, await rounded(again), 255),
        };
      }),
    dispose() {
      for (const net of [restore, estimate, decode]) net?.dispose();
    },
  };
}

/** Samples clamped and rounded to 8 bits; disposes `image`. */
async function rounded(image: tf.Tensor): Promise<Uint8ClampedArray> {
  try {
    return Uint8ClampedArray.from(await image.data<"float32">(), (v) => 255 * v);
  } finally {
    image.dispose();
  }
}

function mapOf(samples: Uint8Array, width: number, height: number): tf.Tensor4D {
  const unit = Float32Array.from(samples, (level) => level / 255);
  return tf.tensor4d(unit, [1, height, width, 3]);
}

/** Sampled positions along each side. */
const across = 8;

/** @param field [1, rows, columns, size²]; disposed */
async function sampledKernels(
  field: tf.Tensor4D,
  size: number,
): Promise<NonNullable<Sampled["kernels"]>> {
  const [, rows, columns, taps] = field.shape;
  const values = await field.data<"float32">();
  field.dispose();
  const chosen = new Float32Array(across * across * taps);
  for (let place = 0; place < across * across; place++) {
    const middle = (i: number, count: number) => Math.floor(((i + 0.5) * count) / across);
    const row = middle(Math.floor(place / across), rows);
    const from = (row * columns + middle(place % across, columns)) * taps;
    chosen.set(values.subarray(from, from + taps), place * taps);
  }
  return { size, across, taps: chosen };
}
