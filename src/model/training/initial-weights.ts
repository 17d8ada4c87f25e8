/**
 * Weights nobody has trained: a seed in, every parameter of a net out. Drawn as PyTorch draws them, KE-Net as He et
 * al. (ICCV 2015) do: it has no norms, and PyTorch's own draw lets each layer of a long row hand on two fifths of what it
 * sees. What differed from picture to picture was then a thousandth of the code, and the net learnt one kernel for all.
 * The restorer's layers that read kernels are drawn for values of their size.
 */
import type { NetConfig } from "../config.ts";
import type { Graph, Parameter } from "../graph/graph.ts";
import { parameters } from "../graph/graph.ts";
import { decodeFlowGraph, estimateKernelsGraph, restoreGraph } from "../nets/ufpnet.ts";
import { philox } from "../random.ts";
import type { Tensor, Weights } from "../weights/weights.ts";

/** Every parameter of the net once. */
function netParameters(config: NetConfig): Parameter[] {
  const graphs: Graph[] = [restoreGraph(config, "global")];
  if (config.kernelSize > 0) graphs.unshift(estimateKernelsGraph(config), decodeFlowGraph(config));
  const all = graphs.flatMap(parameters);
  return [...new Map(all.map((parameter) => [parameter.name, parameter])).values()];
}

/**
 * Convs and linear layers uniform in ±1/√(fan in), KE-Net's and those that
 * kernels pass in the restorer in ±√(6/(fan in)) with biases of 0, norms that change
 * nothing, blocks that add nothing (β = γ = 0), the flow's masks of every second tap by turns.
 * @param seed a safe integer from 0 up
 * @param known weights taken as they are where name and shape fit
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
      const size = shape.reduce((a, b) => a * b, 1);
      // A bias is drawn as its weight is.
      const weight = shapes.get(name.replace(/bias$/, "weight")) ?? shape;
      const data =
        constantOf(name, size) ?? uniform({ seed, index, size, reach: reachOf(name, weight) });
      return [name, { shape, data }];
    }),
  );
}

function constantOf(name: string, size: number): Float32Array | undefined {
  const all = (value: number): Float32Array => new Float32Array(size).fill(value);
  if (name === "flow.alpha") return all(1e-6);
  if (name === "flow.normalization") return all(1);
  const coupling = /^flow\.net\.(\d+)\.mask$/.exec(name)?.[1];
  if (coupling !== undefined) {
    return all(0).map((_, tap) => (tap + Number(coupling) / 2) % 2);
  }
  if (/\.(running_var|norm[12]\.weight)$/.test(name)) return all(1);
  if (/\.(log_gamma|beta|gamma|running_mean|norm[12]\.bias)$/.test(name)) return all(0);
  if (/(^kernel_extra\.|\.conv_kernel\.).*\.bias$/.test(name)) return all(0);
  return undefined;
}

/** Through layers that halve (relu), variances stay as they are with 2/(fan in), that of ±√(6/(fan in)). */
function reachOf(name: string, weight: readonly number[]): number {
  if (name.endsWith(".conv_kernel.0.weight")) return Math.sqrt(6 / (9 * kernelEnergy));
  const handsOn = /^kernel_extra\.|\.conv_kernel\./.test(name);
  return Math.sqrt((handsOn ? 6 : 1) / fanIn(weight));
}

/** Σ K² of a motion kernel, on average over simulated ones: its taps are far smaller than a picture's values. */
const kernelEnergy = 0.1;

/** Of a weight [out, in, kh, kw] or [out, in]; for a transposed conv [in, out, kh, kw] PyTorch takes the second too. */
function fanIn(shape: readonly number[]): number {
  return shape.slice(1).reduce((a, b) => a * b, 1);
}

interface Draw {
  readonly seed: number;
  /** Of the tensor. */
  readonly index: number;
  readonly size: number;
  readonly reach: number;
}

function uniform({ seed, index, size, reach }: Draw): Float32Array {
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

/** Sets these numbers apart from what else is drawn with the same seed. */
const initialisation = 0x696e6974;
