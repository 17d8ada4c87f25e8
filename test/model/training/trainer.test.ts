/** Tests a stage in training: it learns, can be stopped and resumed, and keeps no unneeded tensors. */
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { NetConfig } from "../../../src/model/config.ts";
import { buildNet } from "../../../src/model/nets/build-net.ts";
import { kernelBatch, pairBatch } from "../../../src/model/training/batches.ts";
import { initialWeights } from "../../../src/model/training/initial-weights.ts";
import { stageSettings } from "../../../src/model/training/settings.ts";
import {
  flowStage,
  kernelsStage,
  openStage,
  restoreStage,
} from "../../../src/model/training/stages.ts";
import {
  openTrainer,
  prepareTraining,
  type SavedState,
  type Trainer,
} from "../../../src/model/training/trainer.ts";
import type { Weights } from "../../../src/model/weights/weights.ts";
import { pseudoRandom } from "../compare.ts";

const tiny: NetConfig = {
  ...{ width: 2, keBase: 2, kernelSize: 5, kernelStride: 4, trainPatch: 16 },
  ...{ encoderBlocks: [1, 1, 2], middleBlocks: 1, decoderBlocks: [1, 1, 1] },
};
const seed = 7;
const size = 16;

const planes = (from: number) => pseudoRandom(3 * size * size, from).map((v) => (v + 1) / 2);
const batchAt = (iteration: number, config = tiny) =>
  pairBatch(
    [0, 1].map((i) => ({
      size,
      sharp: planes(2 * iteration + i + 1),
      blurry: planes(2 * iteration + i + 1).map((v) => 0.3 + 0.4 * v),
    })),
    { seed, iteration },
    config,
  );

const { optimizer } = stageSettings.restore;
const restorer = (weights: Weights, saved?: SavedState, config = tiny) =>
  openTrainer({ stage: restoreStage(config, weights, "replicate"), weights, optimizer }, saved);

beforeAll(() => prepareTraining());

/** The losses of consecutive steps. */
async function lossesOf<Batch>(
  trainer: Trainer<Batch>,
  batches: readonly Batch[],
  rate: number,
): Promise<number[]> {
  const losses: number[] = [];
  for (const batch of batches) losses.push((await trainer.step(batch, rate)).loss);
  return losses;
}

describe("a stage that was stopped and resumed", () => {
  it("has the losses and weights of an uninterrupted one, bit for bit", async () => {
    const weights = initialWeights(tiny, seed);
    const whole = restorer(weights);
    const batches = Array.from({ length: 6 }, (_, i) => batchAt(i));
    const losses = await lossesOf(whole, batches, 1e-3);

    const first = restorer(weights);
    const found = await lossesOf(first, batches.slice(0, 3), 1e-3);
    const saved = await first.save();
    first.dispose();
    const second = restorer(weights, saved);
    expect(second.iteration).toBe(3);
    found.push(...(await lossesOf(second, batches.slice(3), 1e-3)));

    expect(found).toEqual(losses);
    expect(await second.weights()).toEqual(await whole.weights());
    expect(await second.save()).toEqual(await whole.save());
    whole.dispose();
    second.dispose();
  });
});

describe("stage I, stopped and resumed", () => {
  it("resumes with its batch norms' statistics", async () => {
    const weights = initialWeights(tiny, seed);
    const { optimizer } = stageSettings.flow;
    const open = (saved?: SavedState) =>
      openTrainer({ stage: flowStage(tiny, weights), weights, optimizer }, saved);
    const kernels = Array.from({ length: 8 }, (_, i) =>
      pseudoRandom(25, i + 1).map((v) => Math.abs(v) / 12),
    );
    const batches = [0, 1, 2, 3].map((iteration) => kernelBatch(kernels, { seed, iteration }));
    const whole = open();
    const losses = await lossesOf(whole, batches, 1e-3);
    const first = open();
    const found = await lossesOf(first, batches.slice(0, 2), 1e-3);
    const second = open(await first.save());
    found.push(...(await lossesOf(second, batches.slice(2), 1e-3)));
    expect(found).toEqual(losses);
    const end = await second.weights();
    expect(end).toEqual(await whole.weights());
    expect(end.get("flow.net.1.running_mean")).not.toEqual(weights.get("flow.net.1.running_mean"));
    for (const trainer of [whole, first, second]) trainer.dispose();
  });
});

describe("every source of kernels", () => {
  const sources: readonly NetConfig[] = [
    tiny,
    { ...tiny, kernelSource: "flow" },
    { ...tiny, kernelSource: "direct" },
    { ...tiny, kernelStride: 1 },
    { ...tiny, kernelStride: 2, kernelSource: "direct" },
    { ...tiny, kernelSize: 0, keBase: 0, kernelStride: 1 },
  ];
  it.each(sources)("lowers the loss: %o", async (config) => {
    const weights = initialWeights(config, seed);
    expect(buildNet({ tensors: weights, metadata: {} }, "tlc").config).toEqual({
      ...config,
      trainPatch: 256,
    });
    const stages = config.kernelSize === 0 ? [restoreStage] : [kernelsStage, restoreStage];
    for (const open of stages) {
      const stage = open(config, weights, "replicate");
      const trainer = openTrainer({ stage, weights, optimizer: { ...optimizer, clipNorm: 1 } });
      const losses = await lossesOf(trainer, Array(12).fill(batchAt(0, config)), 3e-3);
      expect(losses.at(-1)).toBeLessThan(losses[0] as number);
      trainer.dispose();
    }
  });
});

describe("memory", () => {
  const memory = () => {
    const { numTensors, numBytes, numDataBuffers } = tf.memory();
    return JSON.stringify({ numTensors, numBytes, numDataBuffers });
  };
  const kernels = kernelBatch([pseudoRandom(25, 1).map(Math.abs)], { seed, iteration: 0 });
  const smallest: NetConfig = { ...tiny, encoderBlocks: [1, 1], decoderBlocks: [1, 1] };

  it.each([
    ["flow", 100, kernels],
    ["kernels", 30, batchAt(0)],
    ["restore", 30, batchAt(0)],
  ] as const)(
    "of stage %s is constant over %i steps, and freed at the end",
    async (name, steps, batch) => {
      const before = memory();
      const weights = initialWeights(smallest, seed);
      const { optimizer } = stageSettings[name];
      const stage = openStage(name, smallest, weights);
      const trainer = openTrainer({ stage, weights, optimizer });
      const held = new Set<string>();
      for (let i = 0; i < steps; i++) {
        await trainer.step(batch, 1e-4);
        held.add(memory());
      }
      await trainer.weights();
      await trainer.save();
      expect(await trainer.fits(batch)).toBe(true);
      expect([...held, memory()]).toEqual([memory(), memory()]);
      trainer.dispose();
      expect(memory()).toBe(before);
    },
  );
});
