/**
 * Compares one step of each stage with PyTorch on the current backend: equal weights, batch and noise must give
 * equal loss, gradients and weights.
 */
import type * as tf from "@tensorflow/tfjs-core";
import { expect } from "vitest";
import { interpret, type TfjsRuntime } from "../../../src/model/engines/tfjs/runtime.ts";
import { exportParameters, importParameters } from "../../../src/model/tfjs/parameters.ts";
import {
  type OptimizerSettings,
  openDescent,
  type TrainState,
} from "../../../src/model/training/optimizer.ts";
import {
  flowStage,
  type KernelBatch,
  kernelsStage,
  type PairBatch,
  restoreStage,
  type Stage,
} from "../../../src/model/training/stages.ts";
import {
  beginStage,
  openGradients,
  trainedNames,
  trainStep,
} from "../../../src/model/training/train-step.ts";
import type { Weights } from "../../../src/model/weights/weights.ts";
import { pseudoRandom } from "../compare.ts";
import {
  config,
  divided,
  kernels,
  moments,
  pairs,
  patch,
  recorded,
  told,
  weights,
} from "./reference-steps.ts";

const adam: OptimizerSettings = {
  ...{ beta1: 0.9, beta2: 0.9, epsilon: 1e-8, average: 0 },
  ...{ weightDecay: 0, clipNorm: 0.1 },
};

const kernelBatch: KernelBatch = { kernels: recorded("kernels"), count: kernels };
const pairBatch: PairBatch = {
  ...{ count: pairs, size: patch },
  ...{ sharp: recorded("sharp"), blurry: recorded("blurry") },
  // With this seed no input of a ReLU is within 7e-5 of zero, where rounding would decide a gradient.
  noise: pseudoRandom(pairs * patch * patch * config.kernelSize ** 2, 489).map((v) => v * 1.7),
};

const cases = {
  flow: {
    open: () => flowStage(config, weights) as Stage<unknown>,
    batch: kernelBatch,
    rate: 2e-3,
    settings: { ...adam, weightDecay: 1e-2, clipNorm: 10 },
  },
  kernels: {
    open: () => kernelsStage(config, weights, "replicate") as Stage<unknown>,
    batch: pairBatch,
    rate: 5e-4,
    settings: adam,
  },
  restore: {
    open: () => restoreStage(config, weights, "replicate") as Stage<unknown>,
    batch: pairBatch,
    rate: 1e-3,
    settings: { ...adam, weightDecay: 1e-3, clipNorm: 0.01 },
  },
};

const norm = (values: Float32Array): number => Math.hypot(...values);
const distance = (a: Float32Array | undefined, b: Float32Array): number =>
  norm(b.map((v, i) => v - (a?.[i] ?? Number.NaN)));

/**
 * For every tensor: ‖Δ‖ ≤ 1e-3·‖expected‖ + floor. Gradients that a norm cancels are 1e-8 of the whole gradient and
 * consist of float32 rounding only.
 */
function expectEqual(found: Weights, expected: Map<string, Float32Array>, floor: number): void {
  const apart = [...expected].filter(([name, values]) => {
    const allowed = 1e-3 * norm(values) + floor;
    return !(distance(found.get(name)?.data, values) <= allowed);
  });
  expect(apart).toEqual([]);
}

/** The fourth step, after three others. */
function stateOf(stage: Stage<unknown>, settings: OptimizerSettings): TrainState {
  const state = beginStage(stage, weights, settings);
  const names = trainedNames(stage);
  const imported = (part: "first" | "second") =>
    importParameters(
      stage.graph,
      new Map(
        [...weights].map(([name, { shape, data }]) => [
          name,
          names.includes(name) ? moments(name)[part] : { shape, data },
        ]),
      ),
    );
  const [first, second] = [imported("first"), imported("second")];
  return { ...state, iteration: 3, first, second };
}

export const stageNames = Object.keys(cases) as (keyof typeof cases)[];

const numberIn = async (scalar: tf.Tensor): Promise<number> => (await scalar.data())[0] as number;

/** @param compile of the runtime that computes */
export async function expectStepOfPyTorch(
  name: keyof typeof cases,
  compile: TfjsRuntime["compile"] = interpret,
): Promise<void> {
  const use = cases[name];
  const stage = use.open();
  const state = stateOf(stage, use.settings);
  const names = trainedNames(stage);
  const all = importParameters(stage.graph, weights);
  const exported = (tensors: ReadonlyMap<string, tf.Tensor>) =>
    exportParameters(stage.graph, new Map([...all, ...tensors]));

  const program = openGradients(stage, compile);
  const descent = openDescent(use.settings, compile);
  const found = program.of(state, use.batch);
  expect((await numberIn(found.loss)) / told(`${name}.loss`)).toBeCloseTo(1, 5);
  const expected = divided(recorded(`${name}.slopes`), names);
  const floor = 1e-7 * Math.max(1, told(`${name}.norm`));
  expectEqual(await exported(found.gradients), expected, floor);

  const step = trainStep(state, found, use.rate, use.settings, descent.step);
  expect((await numberIn(step.norm)) / told(`${name}.norm`)).toBeCloseTo(1, 4);
  const changed = names.filter((n) => name !== "flow" || /^flow\.net\.[019]\./.test(n));
  const after = await exported(step.state.weights);
  expectEqual(after, divided(recorded(`${name}.after`), changed), 1e-7);
  const flat = [...step.state.statistics].sort(([a], [b]) => (a < b ? -1 : 1));
  const moved: number[] = [];
  for (const [, tensor] of flat) moved.push(...(await tensor.data<"float32">()));
  if (name === "flow") {
    expect(distance(Float32Array.from(moved), recorded("flow.statistics"))).toBeLessThan(1e-5);
  }
  program.dispose();
  descent.dispose();
  stage.dispose();
}
