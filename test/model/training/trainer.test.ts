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
  type PairBatch,
  restoreStage,
} from "../../../src/model/training/stages.ts";
import {
  openTrainer,
  prepareTraining,
  type SavedState,
  type Trainer,
} from "../../../src/model/training/trainer.ts";
import type { Weights } from "../../../src/model/weights/weights.ts";
import { error, pseudoRandom } from "../compare.ts";

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

describe("the average of weights", () => {
  it("is one for the whole run, across resumes and sides of patches, and is exported", async () => {
    const config = { ...tiny, kernelSource: "flow" } as const;
    const weights = initialWeights(config, seed);
    const sized = (iteration: number, side: number, count: number): PairBatch => {
      const plane = (from: number) =>
        pseudoRandom(3 * side * side, from).map((v) => (v + 1) / 2) as Float32Array<ArrayBuffer>;
      const pairs = Array.from({ length: count }, (_, i) => ({
        ...{ size: side, sharp: plane(50 * iteration + i + 1) },
        blurry: plane(50 * iteration + i + 1).map((v) => 0.3 + 0.4 * v),
      }));
      return pairBatch(pairs, { seed, iteration }, config);
    };
    let trainer = restorer(weights, undefined, config);
    const name = "intro.weight";
    const expected = Float64Array.from(weights.get(name)?.data as Float32Array);
    for (let t = 1; t <= 9; t++) {
      await trainer.step(t <= 5 ? sized(t, 16, 4) : sized(t, 32, 1), 1e-2);
      const saved = await trainer.save();
      const now = saved.tensors.get(`weights/${name}`)?.data as Float32Array;
      // Warm-up: with the final share alone, the average would stay near the initial weights.
      const kept = Math.min(optimizer.average, (1 + t) / (10 + t));
      for (const [i, value] of now.entries())
        expected[i] = kept * (expected[i] as number) + (1 - kept) * value;
      for (const found of [
        saved.tensors.get(`average/${name}`)?.data,
        (await trainer.weights()).get(name)?.data,
      ])
        expect(
          error(
            { shape: [], data: found as Float32Array },
            { shape: [], data: Float32Array.from(expected) },
          ),
        ).toBeLessThan(1e-5);
      expect(
        error({ shape: [], data: now }, { shape: [], data: Float32Array.from(expected) }),
      ).toBeGreaterThan(1e-3);
      if (t % 2 === 1) continue;
      trainer.dispose();
      trainer = restorer(weights, saved, config);
    }
    trainer.dispose();
  });
});

describe("the error of known kernels", () => {
  const known = (factor: number) =>
    pseudoRandom(4 * 4 * 25, 9).map((v) => factor * (v + 1)) as Float32Array<ArrayBuffer>;
  const lossOf = async (batch: PairBatch, kernelTruth: number) => {
    const weights = initialWeights(tiny, seed);
    const stage = kernelsStage(tiny, weights, "replicate", { kernelTruth, fft: 0 });
    const trainer = openTrainer({ stage, weights, optimizer });
    const { loss } = await trainer.step(batch, 1e-3);
    trainer.dispose();
    return loss;
  };
  const batch = (first: number, second: number): PairBatch => ({
    ...batchAt(0),
    knownKernels: Float32Array.from([...known(first), ...known(second)]),
  });

  it("adds its share for simulated pairs, and nothing for real ones in the same batch", async () => {
    const plain = await lossOf(batchAt(0), 0.1);
    expect(await lossOf(batchAt(0), 0)).toBe(plain);
    expect(await lossOf(batch(0.04, 0.04), 0)).toBe(plain);
    expect(await lossOf(batch(0, 0), 0.1)).toBeCloseTo(plain, 6);
    const [both, first, second] = [
      await lossOf(batch(0.04, 0.04), 0.1),
      await lossOf(batch(0.04, 0), 0.1),
      await lossOf(batch(0, 0.04), 0.1),
    ];
    expect(both).not.toBeCloseTo(plain, 3);
    expect(first + second - 2 * plain).toBeCloseTo(both - plain, 5);
    expect(await lossOf(batch(0.04, 0.04), 0.2)).toBeCloseTo(2 * both - plain, 5);
  });

  it("brings the kernels nearer to the known ones", async () => {
    const weights = initialWeights(tiny, seed);
    const kernel = Float32Array.from({ length: 25 }, (_, tap) => (tap >= 10 && tap < 15 ? 0.2 : 0));
    const field = Float32Array.from({ length: 2 * 16 * 25 }, (_, i) => kernel[i % 25] as number);
    const stage = kernelsStage(tiny, weights, "replicate", { kernelTruth: 1, fft: 0 });
    const trainer = openTrainer({ stage, weights, optimizer: { ...optimizer, clipNorm: 1 } });
    const losses = await lossesOf(
      trainer,
      Array(25).fill({ ...batchAt(0), knownKernels: field }),
      1e-2,
    );
    expect(losses.at(-1)).toBeLessThan((losses[0] as number) - 0.1);
    trainer.dispose();
  });
});

describe("the loss of Fourier transforms", () => {
  it("is added with its weight", async () => {
    const weights = initialWeights(tiny, seed);
    const lossOf = async (fft: number) => {
      const stage = restoreStage(tiny, weights, "replicate", { kernelTruth: 0, fft });
      const trainer = openTrainer({ stage, weights, optimizer });
      const { loss } = await trainer.step(batchAt(0), 1e-3);
      trainer.dispose();
      return loss;
    };
    const [none, one, two] = [await lossOf(0), await lossOf(1), await lossOf(2)];
    expect(one).toBeGreaterThan(none + 0.01);
    expect(two - one).toBeCloseTo(one - none, 4);
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
    { ...tiny, kernelStride: 16, keFeatures: "spectra", deconvolution: true },
    { ...tiny, kernelStride: 16, keFeatures: "spectra", kernelSource: "flow" },
    { ...tiny, kernelStride: 16, keFeatures: "spectra", kernelSource: "direct" },
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
    ["kernels", 10, { ...batchAt(0), knownKernels: pseudoRandom(2 * 16 * 25, 5).map(Math.abs) }],
  ] as const)(
    "of stage %s is constant over %i steps, and freed at the end",
    async (name, steps, batch) => {
      const before = memory();
      const weights = initialWeights(smallest, seed);
      const { optimizer } = stageSettings[name];
      const stage = openStage(name, smallest, weights, { kernelTruth: 0.1, fft: 0.1 });
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
