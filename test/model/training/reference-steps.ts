/** Loads the reference steps: inputs, losses, gradients and weights of PyTorch after one step of each stage. */
import { readFileSync } from "node:fs";
import type { NetConfig } from "../../../src/model/config.ts";
import { type Parameter, parameters } from "../../../src/model/graph/graph.ts";
import {
  decodeFlowGraph,
  estimateKernelsGraph,
  restoreGraph,
} from "../../../src/model/nets/ufpnet.ts";
import { flowStageGraph } from "../../../src/model/training/stages.ts";
import { readSafetensors } from "../../../src/model/weights/safetensors.ts";
import type { Tensor, Weights } from "../../../src/model/weights/weights.ts";
import { pseudoRandom } from "../compare.ts";
import { sizeOf } from "../tfjs/made-for.ts";

const file = readSafetensors(
  readFileSync(new URL("../../fixtures/train-steps-k5.safetensors", import.meta.url)),
);

export const config: NetConfig = {
  ...{ width: 2, keBase: 2, kernelSize: 5, kernelStride: 1, trainPatch: 16 },
  ...{ encoderBlocks: [1, 1, 2], middleBlocks: 1, decoderBlocks: [1, 1, 1] },
};

export const patch = 16;
export const pairs = 2;
export const kernels = 16;

export function recorded(name: string): Float32Array<ArrayBuffer> {
  const tensor = file.tensors.get(name);
  if (!tensor) throw new Error(`the fixture has no ${name}`);
  return tensor.data.slice() as Float32Array<ArrayBuffer>;
}

export const told = (name: string): number => Number(file.metadata[name]);

/** Every parameter of the net, in order of their names. */
const all: readonly Parameter[] = [
  ...new Map(
    [
      flowStageGraph(config.kernelSize ** 2).graph,
      estimateKernelsGraph(config),
      decodeFlowGraph(config),
      restoreGraph(config, "global"),
    ]
      .flatMap(parameters)
      .map((parameter) => [parameter.name, parameter]),
  ).values(),
].sort((a, b) => (a.name < b.name ? -1 : 1));

/** As in the generating script. */
export const weights: Weights = new Map(
  all.map(({ name, shape }, i) => [name, { shape, data: valuesOf(name, shape, i + 1) }]),
);

function valuesOf(name: string, shape: readonly number[], seed: number): Float32Array {
  if (name.endsWith("alpha")) return Float32Array.of(1e-6);
  if (name.endsWith("normalization")) return Float32Array.of(1);
  if (name.endsWith("mask")) {
    const parity = Number(name.split(".")[2]) / 2;
    return Float32Array.from({ length: sizeOf(shape) }, (_, i) => (i + parity) % 2);
  }
  const values = pseudoRandom(sizeOf(shape), seed);
  if (name.endsWith("running_var")) return values.map((v) => Math.abs(v) + 0.5);
  if (shape.length >= 2 && !/(beta|gamma)$/.test(name)) {
    const factor = gainOf(name) * Math.sqrt(3 / sizeOf(shape.slice(1)));
    return values.map((v) => v * factor);
  }
  if (name.includes("conv_kernel")) return values.map((v) => Math.abs(v) * 2);
  if (name.startsWith("kernel_extra.")) return values.map((v) => Math.abs(v) * 0.3);
  return values.map((v) => v * 0.3 + (/norm[12]\.weight$/.test(name) ? 1 : 0));
}

/** Makes every path contribute. */
function gainOf(name: string): number {
  if (name.startsWith("flow.")) return 1;
  if (name.startsWith("kernel_extra.Conv_tail")) return name.includes(".2.") ? 4 : 2;
  if (name.includes("conv_kernel.0")) return 0.3;
  return name.startsWith("kernel_extra.") ? 1.5 : 1;
}

/** Means of gradients and of their squares as after three steps. */
export function moments(name: string): { first: Tensor; second: Tensor } {
  const i = all.findIndex((parameter) => parameter.name === name) + 1;
  const { shape } = all[i - 1] as Parameter;
  const values = (seed: number) => pseudoRandom(sizeOf(shape), seed);
  return {
    first: { shape, data: values(1000 + i).map((v) => v * 1e-3) },
    second: { shape, data: values(2000 + i).map((v) => (v * 1e-3) ** 2 + 1e-8) },
  };
}

/** Splits concatenated values, in order of names, by name. */
export function divided(flat: Float32Array, names: readonly string[]): Map<string, Float32Array> {
  let at = 0;
  return new Map(
    [...names].sort().map((name) => {
      const size = weights.get(name)?.data.length as number;
      at += size;
      return [name, flat.subarray(at - size, at)];
    }),
  );
}
