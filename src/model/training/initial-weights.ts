/** Initialises the weights of a net from a seed. */
import type { NetConfig } from "../config.ts";
import type { Graph, Parameter } from "../graph/graph.ts";
import { parameters } from "../graph/graph.ts";
import {
  decodeFlowGraph,
  deconvolveAndRestoreGraph,
  estimateKernelsGraph,
} from "../nets/ufpnet.ts";
import { philox } from "../random.ts";
import { sharedPrelu } from "../weights/shared-prelu.ts";
import type { Tensor, Weights } from "../weights/weights.ts";

/** All parameters of the net, each once. */
function netParameters(config: NetConfig): Parameter[] {
  const graphs: Graph[] = [deconvolveAndRestoreGraph(config, "global")];
  if (config.kernelSize > 0) graphs.unshift(estimateKernelsGraph(config), decodeFlowGraph(config));
  const all = graphs.flatMap(parameters);
  return [...new Map(all.map((parameter) => [parameter.name, parameter])).values()];
}

/**
 * Initialises all parameters. Convs and linear layers, as in PyTorch: uniform in ±1/√(fan in). KE-Net's layers and
 * the restorer's layers that read kernels, after He et al. (ICCV 2015): uniform in ±√(6/(fan in)) with biases of 0.
 * Norms: the identity. An MPRNet's PReLU: ¼. Blocks: β = γ = 0, so that they add nothing. The flow's masks: every second tap, alternating.
 *
 * KE-Net has no norms, and PyTorch's own initialisation reduces the signal to two fifths per layer. Differences
 * between images were then a thousandth of the code, and the net learnt one kernel for all images. The restorer's
 * layers that read kernels are scaled to the small values of kernels.
 * @param seed a safe integer from 0 up
 * @param known weights that are used unchanged if name and shape fit; an intro with fewer inputs gets zeros for the
 *   others, so that the net first computes what it did
 */
export function initialWeights(
  config: NetConfig,
  seed: number,
  known: Weights = new Map(),
): Map<string, Tensor> {
  const all = netParameters(config);
  const shapes = new Map(all.map(({ name, shape }) => [name, shape]));
  return new Map(
    all.map(({ name, shape }, index) => {
      const own = known.get(name);
      if (own && `${own.shape}` === `${shape}`) return [name, own];
      if (own && name === "intro.weight") {
        const more = withInputs(own, shape);
        if (more) return [name, more];
      }
      const size = shape.reduce((a, b) => a * b, 1);
      // A bias is initialised with the range of its weight.
      const weight = shapes.get(name.replace(/bias$/, "weight")) ?? shape;
      const data =
        constantOf(name, size) ?? uniform({ seed, index, size, reach: reachOf(name, weight) });
      return [name, { shape, data }];
    }),
  );
}

/** A conv's weight with zeros for further inputs; undefined if its other sizes differ. */
function withInputs({ shape, data }: Tensor, wanted: readonly number[]): Tensor | undefined {
  const [out = 0, from = 0, ...taps] = shape;
  const [wantedOut, to = 0, ...wantedTaps] = wanted;
  if (out !== wantedOut || to < from || `${taps}` !== `${wantedTaps}`) return undefined;
  const [row, wide] = [data.length / out, ((data.length / out) * to) / from];
  const widened = new Float32Array(out * wide);
  for (let o = 0; o < out; o++) widened.set(data.subarray(o * row, (o + 1) * row), o * wide);
  return { shape: wanted, data: widened };
}

function constantOf(name: string, size: number): Float32Array | undefined {
  const all = (value: number): Float32Array => new Float32Array(size).fill(value);
  if (name === "flow.alpha") return all(1e-6);
  if (name === "flow.normalization") return all(1);
  if (name === "deconvolution.regularisation") return Float32Array.from(regularisation);
  if (name === "mix") return all(0);
  const coupling = /^flow\.net\.(\d+)\.mask$/.exec(name)?.[1];
  if (coupling !== undefined) {
    return all(0).map((_, tap) => (tap + Number(coupling) / 2) % 2);
  }
  if (name === sharedPrelu) return all(0.25);
  if (/\.(running_var|norm[12]\.weight)$/.test(name)) return all(1);
  if (/\.(log_gamma|beta|gamma|running_mean|norm[12]\.bias)$/.test(name)) return all(0);
  if (/(^kernel_extra\.|\.conv_kernel\.).*\.bias$/.test(name)) return all(0);
  return undefined;
}

/**
 * Of a Wiener filter with true kernels on images with 1 % noise, where the gain in PSNR is largest: prior 0.01, not
 * dependent on the uncertainty, floor 0.003 (both as logarithms).
 */
const regularisation = [Math.log(0.01), 0, Math.log(0.003)];

/**
 * Layers that halve the variance (relu) preserve it with weights of variance 2/(fan in), which ±√(6/(fan in)) have.
 */
function reachOf(name: string, weight: readonly number[]): number {
  if (name.endsWith(".conv_kernel.0.weight")) return Math.sqrt(6 / (9 * kernelEnergy));
  const handsOn = /^kernel_extra\.|\.conv_kernel\./.test(name);
  return Math.sqrt((handsOn ? 6 : 1) / fanIn(weight));
}

/** Mean Σ K² of simulated motion kernels; their taps are far smaller than an image's values. */
const kernelEnergy = 0.1;

/**
 * Fan in of a weight [out, in, kh, kw] or [out, in]. PyTorch uses the second axis also for transposed convs [in,
 * out, kh, kw].
 */
function fanIn(shape: readonly number[]): number {
  return shape.slice(1).reduce((a, b) => a * b, 1);
}

interface UniformTensor {
  readonly seed: number;
  /** Index of the tensor. */
  readonly index: number;
  readonly size: number;
  readonly reach: number;
}

function uniform({ seed, index, size, reach }: UniformTensor): Float32Array {
  const key = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)] as const;
  const values = new Float32Array(size);
  for (let i = 0; i < size; i += 4) {
    const words = philox([i / 4, index, 0, initialisation], key);
    for (let j = 0; j < Math.min(4, size - i); j++) {
      values[i + j] = ((words[j] as number) / 2 ** 31 - 1) * reach;
    }
  }
  return values;
}

/** Separates these numbers from other random numbers of the same seed. */
const initialisation = 0x696e6974;
