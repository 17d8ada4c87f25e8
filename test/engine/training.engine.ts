/**
 * What every engine that trains promises: slopes of the cpu's size for each operation, and PyTorch's steps. Run by run.js
 * on engines by name; one that cannot be had here fails with the line that says why.
 */
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { NetConfig } from "../../src/model/config.ts";
import type { TfjsEngineName } from "../../src/model/engines/tfjs/engine-name.ts";
import type { TfjsRuntime } from "../../src/model/engines/tfjs/runtime.ts";
import { kernelBatch, pairBatch } from "../../src/model/training/batches.ts";
import { initialWeights } from "../../src/model/training/initial-weights.ts";
import { openMeasure } from "../../src/model/training/measure.ts";
import { stageSettings, type TrainStage } from "../../src/model/training/settings.ts";
import { type AnyBatch, openStage } from "../../src/model/training/stages.ts";
import { openTrainer, prepareTraining } from "../../src/model/training/trainer.ts";
import { error, pseudoRandom } from "../model/compare.ts";
import { gradientsOf, sizes, uses } from "../model/tfjs/gradient-uses.ts";
import { expectStepOfPyTorch, stageNames } from "../model/training/step-of-pytorch.ts";
import "../model/consumers.ts";

const asked = (process.env["TEST_ENGINES"] ?? "tfjs-wasm").split(",");
const names = asked.filter((name): name is TfjsEngineName => name.startsWith("tfjs-"));
const adapter = process.env["TEST_ADAPTER"];
const leakSteps = 50;

const config: NetConfig = {
  ...{ width: 2, keBase: 2, kernelSize: 5, kernelStride: 4, trainPatch: 16 },
  ...{ encoderBlocks: [1, 1], middleBlocks: 1, decoderBlocks: [1, 1] },
};
const size = 16;
const seed = 7;
const planes = (from: number) => pseudoRandom(3 * size * size, from).map((v) => (v + 1) / 2);
const pair = { size, sharp: planes(1), blurry: planes(1).map((v) => 0.3 + 0.4 * v) };
const pairs = pairBatch([pair, pair], { seed, iteration: 0 }, config);
const kernels = kernelBatch(
  [1, 2, 3, 4].map((i) => pseudoRandom(25, i).map((v) => Math.abs(v) / 12)),
  { seed, iteration: 0 },
);
const batchOf = (stage: TrainStage): AnyBatch => (stage === "flow" ? kernels : pairs);

function open(name: TrainStage, { run, compile }: TfjsRuntime) {
  const weights = initialWeights(config, seed);
  const stage = openStage(name, config, weights);
  return openTrainer({ stage, weights, optimizer: stageSettings[name].optimizer, run, compile });
}

// ONNX Runtime has no slopes.
if (names.length === 0) test.skip(`none of ${asked.join(", ")} trains`);

describe.each(names)("training on %s", (engine) => {
  let runtime: TfjsRuntime;
  let backend: string;
  beforeAll(async () => {
    runtime = await prepareTraining(engine, adapter);
    backend = tf.getBackend();
    console.log(`${engine}: ${runtime.version}, ${runtime.adapter ?? "processor"}`);
  });
  afterAll(() => runtime?.dispose());

  test.each(Object.entries(uses))("slopes of %s are the cpu's", async (_, values) => {
    for (const [i, value] of values.entries()) {
      for (const of of sizes) {
        await tf.setBackend("cpu");
        const { gradients: expected } = await gradientsOf(value, of);
        await tf.setBackend(backend);
        const { gradients: found } = await runtime.run(() => gradientsOf(value, of));
        for (const [name, gradient] of expected) {
          expect(found.get(name)?.shape).toEqual(gradient.shape);
          const difference = error(found.get(name), gradient);
          expect(difference, `use ${i}, ${of.join("×")}, by ${name}`).toBeLessThan(1e-5);
        }
      }
    }
  });

  test.each(stageNames)("a step of stage %s is PyTorch's", (name) =>
    runtime.run(() => expectStepOfPyTorch(name, runtime.compile)),
  );

  const memory = () => {
    const { numTensors, numBytes, numDataBuffers } = tf.memory();
    return JSON.stringify({ numTensors, numBytes, numDataBuffers });
  };
  test.each(stageNames)(`${leakSteps} steps of stage %s leave nothing behind`, async (name) => {
    const before = memory();
    const trainer = open(name, runtime);
    const held = new Set<string>();
    const losses: number[] = [];
    for (let i = 0; i < leakSteps; i++) {
      losses.push((await trainer.step(batchOf(name), 1e-3)).loss);
      held.add(memory());
    }
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    await trainer.weights();
    await trainer.save();
    expect(await trainer.fits(batchOf(name))).toBe(true);
    expect([...held, memory()]).toEqual([memory(), memory()]);
    trainer.dispose();
    expect(memory()).toBe(before);
  });

  test("measures what WebAssembly measures", async () => {
    const eight = (planar: Float32Array) =>
      Uint8Array.from({ length: planar.length }, (_, i) =>
        Math.round(255 * (planar[(i % 3) * size * size + Math.floor(i / 3)] as number)),
      );
    const image = {
      ...{ width: size, height: size },
      ...{ sharp: eight(pair.sharp), blurry: eight(pair.blurry) },
    };
    const measured = async ({ run }: TfjsRuntime) => {
      const weights = initialWeights(config, seed);
      const measure = openMeasure({ config, weights, restores: true, run });
      const found = { ...(await measure.of(image)), ...(await measure.sample(image)) };
      measure.dispose();
      return found;
    };
    const before = memory();
    const found = await measured(runtime);
    expect(memory()).toBe(before);
    const wasm = await prepareTraining();
    const expected = await measured(wasm);
    await tf.setBackend(backend);
    expect(found.psnr).toBeCloseTo(expected.psnr as number, 2);
    expect(found.reblurPsnr).toBeCloseTo(expected.reblurPsnr as number, 2);
    const taps = ({ kernels }: typeof found) => ({
      shape: [],
      data: kernels?.taps ?? new Float32Array(0),
    });
    expect(error(taps(found), taps(expected))).toBeLessThan(1e-4);
  });

  // The last: there is no device afterwards.
  test.runIf(engine === "tfjs-webgpu")("reports a device lost between steps as such", async () => {
    const trainer = open("restore", runtime);
    await trainer.step(pairs, 1e-3);
    await runtime.dispose();
    const lost = { _tag: "DeviceLostError", message: expect.stringMatching(/device is lost/) };
    await expect(trainer.step(pairs, 1e-3)).rejects.toMatchObject(lost);
  });
});
