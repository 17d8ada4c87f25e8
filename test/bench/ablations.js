/**
 * The paper's Tables 4 and 5 in miniature: every way kernels come about, trained by `deblur train` for equally many
 * steps on the same batches in the same order, measured by `deblur eval` on pairs that were not trained on.
 *
 *   npm run build && node test/bench/ablations.js OUT --data DIR --pairs DIR [--eval NAME=DIR]…
 *          [--flow FILE] [--steps 300] [--stride-steps 100] [--patch 64] [--batch 2] [--held 24] [--rounds 5]
 *          [--restorer FILE] [--restorer-steps 24] [--restorer-rate 1e-4]
 *
 * The net is lite with half the channels and 4 blocks for 28. --held photographs of --data are trained on by none; as
 * many synthetic pairs are made of them and measured. The flow is that of --flow, which all share; KE-Net and restorer
 * are drawn with one seed. With --restorer stage III is made once more, of a restorer that has been trained already and
 * the KE-Nets of the first time; the net is that file's, but for the size of KE-Net. Run again it goes on where it was stopped. Writes OUT/ablations.md; intervals are the
 * bootstrap's 95 % over the pairs, differences are taken pair by pair.
 */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import sharp from "sharp";
import { presets } from "../../dist/src/model/config.js";
import { meanInterval } from "../../dist/src/model/measures/bootstrap.js";
import { initialWeights } from "../../dist/src/model/training/initial-weights.js";
import { configMetadata } from "../../dist/src/model/weights/metadata.js";
import { configOf } from "../../dist/src/model/weights/weights.js";
import { writeSafetensors } from "../../dist/src/model/weights/write-safetensors.js";
import { loadWeights } from "../../dist/src/pipeline/engines/load-weights.js";
import { openPool, openTrainingPairs } from "../../dist/src/train.js";
import { openStages } from "./subjects.js";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string" },
    pairs: { type: "string" },
    eval: { type: "string", multiple: true, default: [] },
    flow: { type: "string", default: "weights/ufpnet-lite.safetensors" },
    steps: { type: "string", default: "300" },
    "stride-steps": { type: "string", default: "100" },
    patch: { type: "string", default: "64" },
    batch: { type: "string", default: "2" },
    held: { type: "string", default: "24" },
    rounds: { type: "string", default: "5" },
    restorer: { type: "string" },
    "restorer-steps": { type: "string", default: "24" },
    "restorer-rate": { type: "string", default: "1e-4" },
  },
});
const [given] = positionals;
if (given === undefined || options.data === undefined || options.pairs === undefined) {
  console.error("Expected OUT, --data DIR and --pairs DIR but received less");
  process.exit(2);
}
const out = resolve(given);
const [held, rounds] = [options.held, options.rounds].map(Number);
const deblur = fileURLToPath(new URL("../../dist/bin/deblur.js", import.meta.url));
const seed = 0;

/** A size that learns something in minutes. */
const config = { ...presets.lite, width: 8, keBase: 8, encoderBlocks: [1, 1, 1, 4] };

/** How kernels come about. */
const sources = [
  { name: "none", told: "no kernels", words: ["--kernel-source", "none"] },
  { name: "direct", told: "direct", words: ["--kernel-source", "direct"] },
  { name: "flow", told: "flow", words: ["--no-uncertainty"] },
  { name: "uncertain", told: "flow + UL", words: [] },
].map((net) => ({ ...net, steps: options.steps }));
const strides = [1, 2, 4].map((stride) => ({
  ...{ name: `stride-${stride}`, told: stride, words: ["--kernel-stride", stride] },
  steps: options["stride-steps"],
}));
const nets = [...sources, ...strides].map((net) => ({ ...net, folder: join(out, net.name) }));

const run = (words) =>
  promisify(execFile)(process.execPath, [deblur, ...words.map(String)], { maxBuffer: 2 ** 28 });
const written = (path) => readFile(path, "utf8").catch(() => undefined);

/** Photographs to train on, and pairs made of the others. */
async function divide() {
  const folders = {
    photos: join(out, "photos"),
    held: join(out, "held"),
    pairs: join(out, "made"),
  };
  if ((await written(join(folders.pairs, "sharp", `${held - 1}.png`))) !== undefined)
    return folders;
  for (const folder of ["photos", "held", "made/blur", "made/sharp"]) {
    await mkdir(join(out, folder), { recursive: true });
  }
  const names = (await readdir(options.data)).sort();
  const every = Math.floor(names.length / held);
  for (const [i, name] of names.entries()) {
    const apart = i % every === 0 && i / every < held;
    const link = join(apart ? folders.held : folders.photos, name);
    await symlink(resolve(options.data, name), link).catch(() => {});
  }
  const pool = openPool({ threads: 1 });
  const how = { sharp: [folders.held], seed: 1, size: 256, gammas: [1, 2.2], crops: 1, open: held };
  const { stream } = await openTrainingPairs(how, { pool });
  let made = 0;
  for await (const { size, ...pair } of stream()) {
    for (const [side, planes] of [
      ["blur", pair.blurry],
      ["sharp", pair.sharp],
    ]) {
      const plane = size * size;
      const rgb = Uint8Array.from({ length: 3 * plane }, (_, i) =>
        Math.round(255 * planes[(i % 3) * plane + Math.floor(i / 3)]),
      );
      const raw = { width: size, height: size, channels: 3 };
      await sharp(rgb, { raw }).toFile(join(folders.pairs, side, `${made}.png`));
    }
    if (++made === held) break;
  }
  await pool.close();
  return folders;
}

/** Drawn weights with the flow of --flow. */
async function beginning() {
  const path = join(out, "beginning.safetensors");
  const { tensors } = await loadWeights(options.flow);
  const flow = new Map([...tensors].filter(([name]) => name.startsWith("flow.")));
  const drawn = initialWeights(config, seed, flow);
  await writeFile(path, writeSafetensors(drawn, configMetadata(config), "F32"));
  return path;
}

/** Both stages; the second one begins with what the first has left in the folder. */
async function train({ name, words, steps, folder }, init, photos) {
  const own = ["--out", folder, "--threads", "1", "--seed", seed, ...words];
  const data = ["--data", photos, "--pairs", options.pairs];
  const size = ["--patch", options.patch, "--batch", options.batch, "--iterations", steps];
  const stages = name === "none" ? ["restore"] : ["kernels", "restore"];
  for (const stage of stages) {
    console.error(`${name}: ${stage}`);
    const begin = stage === stages[0] ? ["--init", init] : [];
    await run(["train", stage, ...own, ...data, ...size, ...begin]);
  }
}

const begun = sources.map((net) => ({
  ...net,
  name: `begun-${net.name}`,
  folder: join(out, `begun-${net.name}`),
}));

/** The restorer and flow of --restorer with the KE-Net of `from`. */
async function withKernelsOf(from) {
  const { tensors, metadata } = await loadWeights(options.restorer);
  if (from.name === "none") return options.restorer;
  const path = join(out, `begun-${from.name}.safetensors`);
  const own = await loadWeights(join(from.folder, "kernels.safetensors"));
  const of = (all, isKernels) =>
    [...all].filter(([name]) => name.startsWith("kernel_extra.") === isKernels);
  const known = new Map([...of(tensors, false), ...of(own.tensors, true)]);
  const { kernelSource } = configOf(own.tensors, own.metadata);
  const whole = {
    ...configOf(tensors, metadata),
    keBase: config.keBase,
    ...(kernelSource && { kernelSource }),
  };
  const weights = initialWeights(whole, seed, known);
  await writeFile(path, writeSafetensors(weights, configMetadata(whole), "F32"));
  return path;
}

/** Stage III once more. */
async function goOn({ name, words, folder }, from, photos) {
  console.error(`${name}: restore`);
  const own = ["--out", folder, "--threads", "1", "--seed", seed, ...words];
  const data = ["--data", photos, "--pairs", options.pairs, "--init", await withKernelsOf(from)];
  const size = ["--patch", options.patch, "--batch", options.batch];
  const steps = ["--iterations", options["restorer-steps"], "--lr", options["restorer-rate"]];
  await run(["train", "restore", ...own, ...data, ...size, ...steps]);
}

/** What `deblur eval` finds of each pair. */
async function measure({ name, folder }, set, pairs) {
  const path = join(folder, `eval-${set}.jsonl`);
  if ((await written(path)) === undefined) {
    console.error(`${name}: measured on ${set}`);
    const weights = join(folder, "restore.safetensors");
    const words = ["eval", pairs, "--weights", weights, "--threads", "1", "--json"];
    await writeFile(path, (await run(words)).stdout);
  }
  const lines = (await readFile(path, "utf8")).trim().split("\n");
  return lines.map((line) => JSON.parse(line)).filter(({ event }) => event === "picture");
}

/** CPU seconds a megapixel of the strides, least of rounds in turn: others use the machine too. */
async function cost() {
  const side = 256;
  const subjects = [];
  for (const { name, folder } of nets.slice(sources.length)) {
    const weights = await readFile(join(folder, "restore.safetensors"));
    const stages = await openStages({ weights, engine: "onnx", pooling: "tlc", side, threads: 1 });
    subjects.push({ name, stages, cpu: [] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { stages, cpu } of subjects) cpu.push((await stages.at(-1).run()).cpu);
  }
  for (const { stages } of subjects) for (const { close } of stages) await close?.();
  return new Map(subjects.map(({ name, cpu }) => [name, Math.min(...cpu) / (side * side * 1e-6)]));
}

const mean = (values) => values.reduce((all, value) => all + value, 0) / values.length;
const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
const interval = ({ mean, low, high }) => `${signed(mean)} [${signed(low)}, ${signed(high)}]`;

const table = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

await mkdir(out, { recursive: true });
const folders = await divide();
const init = await beginning();
for (const net of nets) await train(net, init, folders.photos);
const goesOn = options.restorer === undefined ? [] : begun;
for (const [i, net] of goesOn.entries()) await goOn(net, nets[i], folders.photos);
const sets = [["synthetic", folders.pairs], ...options.eval.map((text) => text.split("="))];
const found = new Map();
for (const [set, pairs] of sets) {
  for (const net of [...nets, ...goesOn])
    found.set(`${net.name} ${set}`, await measure(net, set, pairs));
}
const costs = await cost();

const reblurred = (net, set) => found.get(`${net} ${set}`).map(({ reblur }) => reblur.psnr);
const restored = (net, set) =>
  found.get(`${net} ${set}`).map(({ likeness }) => likeness.after.psnr);
const blurry = (set) => found.get(`none ${set}`).map(({ likeness }) => likeness.before.psnr);

/** Means, and how far each lies above that of the row before, pair by pair. */
function rowsOf(those, values, begin) {
  const rows = [{ told: "the sharp and the blurry picture", of: begin }];
  for (const { name, told } of those) rows.push({ told, of: (set) => values(name, set) });
  return rows.map(({ told, of }, i) => {
    const cells = sets.flatMap(([set]) => {
      const before = rows[i - 1]?.of(set);
      const apart = before && of(set).map((value, pair) => value - before[pair]);
      return [mean(of(set)).toFixed(2), apart ? interval(meanInterval(apart)) : ""];
    });
    return [told, ...cells];
  });
}

const columns = sets.flatMap(([set]) => [set, "above the row before"]);
const parts = [
  `Re-blur PSNR, dB, after ${options.steps} steps:`,
  table(["kernels", ...columns], rowsOf(sources.slice(1), reblurred, blurry)),
  `PSNR, dB, after as many steps of each stage:`,
  table(["kernels", ...columns], rowsOf(sources, restored, blurry)),
  ...(goesOn.length === 0
    ? []
    : [
        `PSNR, dB, after ${options["restorer-steps"]} steps of stage III from a trained restorer:`,
        table(["kernels", ...columns], rowsOf(goesOn, restored, blurry)),
      ]),
  `Strides, after ${options["stride-steps"]} steps of each stage:`,
  table(
    ["stride", ...sets.flatMap(([set]) => [`re-blur ${set}`, `PSNR ${set}`]), "CPU s/MP"],
    strides.map(({ name, told }) => [
      told,
      ...sets.flatMap(([set]) => [
        mean(reblurred(name, set)).toFixed(2),
        mean(restored(name, set)).toFixed(2),
      ]),
      costs.get(name).toFixed(2),
    ]),
  ),
];
const text = `${parts.join("\n\n")}\n`;
await writeFile(join(out, "ablations.md"), text);
console.log(text);
