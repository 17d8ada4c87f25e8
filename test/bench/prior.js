/**
 * What the flow prior has learnt: simulated kernels and kernels drawn from it, side by side, and how alike they are.
 *   npm run build && node test/bench/prior.js WEIGHTS OUT.png [COUNT]
 */
import * as tf from "@tensorflow/tfjs-core";
import sharp from "sharp";
import { input } from "../../dist/src/model/graph/build.js";
import { flowForward, flowInverse, kernelLogits } from "../../dist/src/model/nets/flow-prior.js";
import { kernelBatch } from "../../dist/src/model/training/batches.js";
import { freeze } from "../../dist/src/model/training/frozen-net.js";
import { negativeLogLikelihood } from "../../dist/src/model/training/losses.js";
import { prepareTraining } from "../../dist/src/model/training/trainer.js";
import { openStream, simulateKernel } from "../../dist/src/model.js";
import { loadWeights } from "../../dist/src/pipeline/engines/load-weights.js";
import { massOffLargest } from "./mass-off-largest.js";

const [path, out, number = "1000"] = process.argv.slice(2);
if (path === undefined || out === undefined) {
  console.error("Expected a weights file and a PNG to write but received less");
  process.exit(2);
}
const count = Number(number);
// Far from the seeds one trains with.
const seed = 20_231_114;

const { tensors } = await loadWeights(path);
const taps = tensors.get("flow.net.0.mask").data.length;
const side = Math.sqrt(taps);
await prepareTraining();
const { statistics: _, ...forward } = flowForward(kernelLogits(input("kernels", taps)), "running");
const encode = freeze(forward, tensors);
const decode = freeze({ kernels: flowInverse(input("z", taps)) }, tensors);
const random = openStream({ seed, purpose: "noise", index: 0 });

const simulated = Array.from({ length: count }, (_, index) =>
  simulateKernel(openStream({ seed, purpose: "kernel", index }), side),
);
const noisy = kernelBatch(simulated, { seed, iteration: 0 }).kernels;
const kernels = tf.tensor4d(noisy, [count, 1, 1, taps]);
const { z, logDet } = encode.run({ kernels });
const again = decode.run({ z }).kernels;
const [nll] = await negativeLogLikelihood(z, logDet).data();
const [apart] = await tf.max(tf.abs(tf.sub(again, kernels))).data();

const codes = Float32Array.from({ length: count * taps }, () => random.normal());
const drawn = await decode.run({ z: tf.tensor4d(codes, [count, 1, 1, taps]) }).kernels.data();
const samples = simulated.map((_, i) => drawn.subarray(i * taps, (i + 1) * taps));

const sumOf = (kernel) => kernel.reduce((all, value) => all + value, 0);
const mean = (values) => values.reduce((all, value) => all + value, 0) / values.length;
const spread = (values) => Math.sqrt(mean(values.map((v) => (v - mean(values)) ** 2)));
const sums = samples.map(sumOf);
const offs = (all) => all.map((kernel) => massOffLargest(kernel, side));
const middle = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

console.log(`${count} kernels of ${side}×${side} never trained on, ${count} samples`);
console.log(`negative log-likelihood      ${nll.toFixed(2)}`);
console.log(`decode(encode(k + u)) − (k + u)  at most ${apart.toExponential(1)}`);
console.log(
  `sum of a sample              ${mean(sums).toFixed(3)} ± ${spread(sums).toFixed(3)}, median ${middle(sums).toFixed(3)}`,
);
for (const [name, all] of [
  ["simulated", offs(simulated)],
  ["sampled  ", offs(samples)],
]) {
  console.log(
    `mass off the largest component, ${name}  ${mean(all).toFixed(3)}, median ${middle(all).toFixed(3)}`,
  );
}

// 12 rows of 12 simulated ones, a gap, 12 sampled ones, each as bright as its brightest tap allows, three times as large.
const [rows, columns, gap] = [12, 12, 1];
const width = 2 * columns * (side + gap) + 4 * gap;
const height = rows * (side + gap) - gap;
const sheet = new Uint8Array(width * height).fill(64);
for (const [half, all] of [simulated, samples].entries()) {
  for (const [i, kernel] of all.slice(0, rows * columns).entries()) {
    const left = (half * columns + (i % columns)) * (side + gap) + half * 5 * gap;
    const top = Math.floor(i / columns) * (side + gap);
    const most = Math.max(...kernel);
    for (const [tap, value] of kernel.entries()) {
      const at = (top + Math.floor(tap / side)) * width + left + (tap % side);
      sheet[at] = Math.round((255 * Math.max(0, value)) / most);
    }
  }
}
await sharp(sheet, { raw: { width, height, channels: 1 } })
  .resize({ width: 2 * width, kernel: "nearest" })
  .png({ palette: true })
  .toFile(out);
