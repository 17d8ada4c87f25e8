/** Assembles batches of kernels or pairs with the noise of training; a batch depends on seed and iteration only. */
import { kernelSourceOf, type NetConfig } from "../config.ts";
import { openStream } from "../random-stream.ts";
import type { KernelBatch, PairBatch } from "./stages.ts";

interface Place {
  readonly seed: number;
  /** Number of steps before this one. */
  readonly iteration: number;
}

/**
 * Dequantisation noise: kernels are sums of a few thousand positions, but a flow models a density. FKP's 1/720 is
 * meant for kernels divided by their maximum; for kernels of sum 1 it would add noise of a quarter of the sum.
 */
const dequantisation = 1 / 7200;

/** A tap of 1 has no logit. */
const largestTap = 1 - 1e-6;

/** @param kernels each [k²] with sum 1 */
export function kernelBatch(kernels: readonly Float32Array[], place: Place): KernelBatch {
  const random = openStream({
    seed: place.seed,
    purpose: "dequantisation",
    index: place.iteration,
  });
  const [taps = 0] = kernels.map(({ length }) => length);
  const all = new Float32Array(kernels.length * taps);
  kernels.forEach((kernel, i) => {
    for (const [tap, weight] of kernel.entries()) {
      const noisy = Math.max(0, weight) + random.uniform() * dequantisation;
      all[i * taps + tap] = Math.min(largestTap, noisy);
    }
  });
  return { kernels: all, count: kernels.length };
}

/** The fields of a pair that a batch needs: [3, size, size] planar, 0..1. */
interface Pair {
  readonly size: number;
  readonly sharp: Float32Array;
  readonly blurry: Float32Array;
  /** Kernels at the centres of the net's cells, [size/s, size/s, k²]; undefined: unknown, or not needed. */
  readonly cellKernels?: Float32Array | undefined;
}

/** @param pairs of the same size, at least one */
export function pairBatch(pairs: readonly Pair[], place: Place, config: NetConfig): PairBatch {
  const { size } = pairs[0] as Pair;
  const together = (planes: readonly Float32Array[]): Float32Array<ArrayBuffer> => {
    const all = new Float32Array(planes.length * 3 * size * size);
    planes.forEach((plane, i) => {
      all.set(plane, i * 3 * size * size);
    });
    return all;
  };
  return {
    ...{ count: pairs.length, size },
    sharp: together(pairs.map(({ sharp }) => sharp)),
    blurry: together(pairs.map(({ blurry }) => blurry)),
    knownKernels: knownKernelsOf(pairs),
    noise:
      kernelSourceOf(config) === "uncertain-flow"
        ? noiseFor(pairs.length, size, place, config)
        : undefined,
  };
}

/** The kernels of all pairs, zeros where they are unknown; undefined where all are. */
function knownKernelsOf(pairs: readonly Pair[]): Float32Array<ArrayBuffer> | undefined {
  const length = pairs.find(({ cellKernels }) => cellKernels !== undefined)?.cellKernels?.length;
  if (length === undefined) return undefined;
  const all = new Float32Array(pairs.length * length);
  pairs.forEach(({ cellKernels }, i) => {
    if (cellKernels !== undefined) all.set(cellKernels, i * length);
  });
  return all;
}

function noiseFor(
  count: number,
  size: number,
  { seed, iteration }: Place,
  { kernelSize, kernelStride }: NetConfig,
): Float32Array<ArrayBuffer> {
  const random = openStream({ seed, purpose: "uncertainty", index: iteration });
  const cells = count * (size / kernelStride) ** 2;
  return Float32Array.from({ length: cells * kernelSize ** 2 }, () => random.normal());
}
