/** Tests shared steps: the numbers equal those of one thread, and a failing thread is reported. */
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { NetConfig } from "../../../src/model/config.ts";
import { pairBatch } from "../../../src/model/training/batches.ts";
import { initialWeights } from "../../../src/model/training/initial-weights.ts";
import { stageSettings } from "../../../src/model/training/settings.ts";
import { openStage } from "../../../src/model/training/stages.ts";
import { trainedNames } from "../../../src/model/training/train-step.ts";
import { openTrainer, prepareTraining } from "../../../src/model/training/trainer.ts";
import { openStepThreads, type StepThreads } from "../../../src/tools/train/step-threads.ts";
import { pseudoRandom } from "../../model/compare.ts";

const tiny: NetConfig = {
  ...{ width: 2, keBase: 2, kernelSize: 5, kernelStride: 2, trainPatch: 16 },
  ...{ encoderBlocks: [1, 1, 2], middleBlocks: 1, decoderBlocks: [1, 1, 1] },
};
const entry = new URL("../../../dist/src/tools/train/gradients-worker.js", import.meta.url);
const size = 16;
const rate = 1e-3;
const planes = (from: number) => pseudoRandom(3 * size * size, from).map((v) => (v + 1) / 2);
/** Pairs of one batch differ, or an average of the wrong ones would not be seen. */
const batch = (iteration: number) =>
  pairBatch(
    [0, 1, 2].map((i) => ({
      size,
      // The second is a real pair.
      cellKernels: i === 1 ? undefined : pseudoRandom(8 * 8 * 25, i + 9).map(Math.abs),
      sharp: planes(3 * iteration + i + 1),
      blurry: planes(3 * iteration + i + 1).map((v) => 0.3 * i + 0.4 * v),
    })),
    { seed: 7, iteration },
    tiny,
  );

const weights = initialWeights(tiny, 7);
const losses = { kernelTruth: 0.1, fft: 0.1 };
function open(name: "kernels" | "restore") {
  const stage = openStage(name, tiny, weights, losses);
  const { optimizer } = stageSettings[name];
  return { trained: trainedNames(stage), trainer: openTrainer({ stage, weights, optimizer }) };
}

let threads: StepThreads | undefined;
afterEach(() => threads?.close());
beforeAll(() => prepareTraining());

const norm = (values: Float32Array): number => Math.hypot(...values);

describe.each(["kernels", "restore"] as const)("a step of stage %s", (stage) => {
  it.each([1, 2])("with %i other threads is that of one thread", async (count) => {
    const { trained, trainer } = open(stage);
    threads = await openStepThreads({
      stage,
      config: tiny,
      weights,
      losses,
      trained,
      count,
      entry,
    });
    const alone = open(stage).trainer;
    for (const iteration of [0, 1, 2]) {
      const expected = await alone.step(batch(iteration), rate);
      const found = await trainer.shareStep(batch(iteration), rate, threads);
      expect(found.loss / expected.loss).toBeCloseTo(1, 5);
      expect(found.norm / expected.norm).toBeCloseTo(1, 4);
      if (iteration > 0) continue;
      // The mean of the slopes so far is a tenth of the first ones, tensor by tensor.
      const [gradients, own] = [await trainer.save(), await alone.save()].map(
        ({ tensors }) => tensors,
      );
      const whole = Math.hypot(
        ...trained.map((name) => norm(own?.get(`first/${name}`)?.data as Float32Array)),
      );
      for (const name of trained) {
        const [a, b] = [gradients, own].map(
          (all) => all?.get(`first/${name}`)?.data as Float32Array,
        );
        const apart = norm((b as Float32Array).map((v, i) => v - (a?.[i] ?? Number.NaN)));
        expect(apart, name).toBeLessThanOrEqual(1e-4 * norm(b as Float32Array) + 1e-6 * whole);
      }
    }
    trainer.dispose();
    alone.dispose();
  });
});

describe("a thread that fails", () => {
  const planted = (script: string) => new URL(`data:text/javascript,${encodeURIComponent(script)}`);
  const ready =
    'import { parentPort as port } from "node:worker_threads"; port.postMessage({ loss: 0 });';
  const options = { stage: "restore", config: tiny, weights, count: 2 } as const;

  it.each([
    ["process.exit(3)", "a thread of the step has ended (exit code 3)"],
    ['throw new Error("no room")', "a thread of the step has failed: no room"],
  ])("at its start is reported: %s", async (script, problem) => {
    const { trained, trainer } = open("restore");
    const opened = openStepThreads({ ...options, trained, entry: planted(script) });
    await expect(opened).rejects.toMatchObject({ message: problem, exitCode: 1 });
    trainer.dispose();
  });

  it.each([
    ['port.on("message", () => process.exit(3));', "has ended (exit code 3)"],
    ['port.on("message", () => { throw new Error("no room"); });', "has failed: no room"],
    [
      'port.on("message", () => port.postMessage({ failed: "0 bytes left" }));',
      "has failed: 0 bytes left",
    ],
  ])("in a step is reported, and the state is unchanged: %s", async (script, problem) => {
    const { trained, trainer } = open("restore");
    threads = await openStepThreads({ ...options, trained, entry: planted(ready + script) });
    const before = await trainer.save();
    await expect(trainer.shareStep(batch(0), rate, threads)).rejects.toThrow(problem);
    expect(await trainer.save()).toEqual(before);
    await expect(trainer.shareStep(batch(0), rate, threads)).rejects.toThrow(
      "a thread of the step",
    );
    trainer.dispose();
  });
});
