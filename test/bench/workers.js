/**
 * What dividing a training step among threads wins: steps of one thread and of several in turn, on the same batches, so
 * that a machine that changes its speed changes it for both.
 *   npm run build && node test/bench/workers.js [WORKERS] [ROUNDS] [PATCH] [BATCH] [STAGE…]     2, 5, 64, 4, both
 */
import { presets } from "../../dist/src/model/config.js";
import { pairBatch } from "../../dist/src/model/training/batches.js";
import { initialWeights } from "../../dist/src/model/training/initial-weights.js";
import { stageSettings } from "../../dist/src/model/training/settings.js";
import { openStage } from "../../dist/src/model/training/stages.js";
import { trainedNames } from "../../dist/src/model/training/train-step.js";
import { openTrainer, prepareTraining } from "../../dist/src/model/training/trainer.js";
import { openStepThreads } from "../../dist/src/tools/train/step-threads.js";

const [workers = 2, rounds = 5, size = 64, batch = 4] = process.argv.slice(2, 6).map(Number);
const [...named] = process.argv.slice(6);
const config = presets.lite;
const weights = initialWeights(config, 0);
const rate = 1e-5;

function pair(number) {
  const sharp = Float32Array.from({ length: 3 * size * size }, (_, i) =>
    Math.abs(Math.sin(i * 12.9898 * (number + 1))),
  );
  return { size, sharp, blurry: sharp.map((value) => 0.2 + 0.6 * value) };
}
const pairs = Array.from({ length: batch }, (_, i) => pair(i));

async function timed(work) {
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { wall: (performance.now() - began) / 1000, cpu: (user + system) / 1e6 };
}

const middle = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

await prepareTraining();
for (const name of named.length > 0 ? named : ["kernels", "restore"]) {
  const stage = openStage(name, config, weights);
  const trained = trainedNames(stage);
  const trainer = openTrainer({ stage, weights, optimizer: stageSettings[name].optimizer });
  const count = workers - 1;
  const helpers = await openStepThreads({ stage: name, config, weights, trained, count });
  const runs = [];
  // The first round compiles and is not counted.
  for (let round = 0; round <= rounds; round++) {
    const next = pairBatch(pairs, { seed: 0, iteration: round }, config);
    const alone = await timed(() => trainer.step(next, rate));
    const shared = await timed(() => trainer.shareStep(next, rate, helpers));
    if (round > 0) runs.push({ alone, shared });
  }
  await helpers.close();
  trainer.dispose();
  const least = (which, of) => Math.min(...runs.map((run) => run[which][of])).toFixed(2);
  const ratios = (of) => runs.map(({ alone, shared }) => alone[of] / shared[of]);
  console.log(
    `${name}, ${batch} patches of ${size}: ` +
      `1 worker ${least("alone", "wall")} s (CPU ${least("alone", "cpu")}), ` +
      `${workers} workers ${least("shared", "wall")} s (CPU ${least("shared", "cpu")}); ` +
      `by pairs ${middle(ratios("wall")).toFixed(2)} times as fast, CPU ÷ ${middle(ratios("cpu")).toFixed(2)}`,
  );
}
