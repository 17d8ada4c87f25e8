/**
 * The paper's Tables 4 and 5 in miniature: every way kernels come about, trained by `deblur train` for equally many
 * steps on the same batches in the same order, measured by `deblur eval` on pairs that were not trained on.
 *
 *   npm run build && node test/bench/ablations.js OUT --data DIR --pairs DIR [--eval NAME=DIR]…
 *                    [--flow FILE] [--steps 200] [--patch 64] [--batch 2] [--held 24] [--rounds 5]
 *
 * --held photographs of --data are trained on by none; as many synthetic pairs are made of them and measured too. The
 * flow is that of --flow, which all share; KE-Net and restorer are drawn with one seed. Run again it goes on where it was
 * stopped. Writes OUT/ablations.md; intervals are the bootstrap's 95 % over the pairs, differences are of pairs.
 */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import sharp from "sharp";
import { meanInterval } from "../../dist/src/model/bootstrap.js";
import { presets } from "../../dist/src/model/config.js";
import { initialWeights } from "../../dist/src/model/training/initial-weights.js";
import { metadataOf } from "../../dist/src/model/weights/metadata.js";
import { writeSafetensors } from "../../dist/src/model/weights/write-safetensors.js";
import { loadWeights } from "../../dist/src/pipeline/load-weights.js";
import { openPool, openTrainingPairs } from "../../dist/src/train.js";
import { openStages } from "./subjects.js";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string" },
    pairs: { type: "string" },
    eval: { type: "string", multiple: true, default: [] },
    flow: { type: "string", default: "weights/ufpnet-lite.safetensors" },
    steps: { type: "string", default: "200" },
    patch: { type: "string", default: "64" },
    batch: { type: "string", default: "2" },
    held: { type: "string", default: "24" },
    rounds: { type: "string", default: "5" },
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

/** Whose kernels are trained, and how they come about; those before them are what they are compared with. */
const nets = [
  { name: "none", told: "no kernels", words: ["--kernel-source", "none"] },
  { name: "direct", told: "direct", words: ["--kernel-source", "direct"] },
  { name: "flow", told: "flow", words: ["--no-uncertainty"] },
  { name: "uncertain", told: "flow + UL", words: [] },
  { name: "stride-2", told: "flow + UL, stride 2", words: ["--kernel-stride", "2"], stride: 2 },
  { name: "stride-1", told: "flow + UL, stride 1", words: ["--kernel-stride", "1"], stride: 1 },
].map((net) => ({ stride: 4, ...net, folder: join(out, net.name) }));

const run = (words) =>
  promisify(execFile)(process.execPath, [deblur, ...words], { maxBuffer: 2 ** 28 });
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
  const drawn = initialWeights(presets.lite, seed, flow);
  await writeFile(path, writeSafetensors(drawn, metadataOf(presets.lite), "F32"));
  return path;
}

/** Seconds a step and the share of them that went by waiting, of each stage. */
async function train({ name, words, folder }, init, photos) {
  const own = ["--out", folder, "--threads", "1", "--seed", `${seed}`, ...words];
  const data = ["--data", photos, "--pairs", options.pairs];
  const size = ["--patch", options.patch, "--batch", options.batch, "--iterations", options.steps];
  const stages = name === "none" ? ["restore"] : ["kernels", "restore"];
  for (const stage of stages) {
    console.error(`${name}: ${stage}`);
    // Stage III begins with what stage II has left in the folder.
    const begin = stage === stages[0] ? ["--init", init] : [];
    await run(["train", stage, ...own, ...data, ...size, ...begin]);
  }
  const log = (await readFile(join(folder, "log.jsonl"), "utf8")).trim().split("\n");
  const records = log.map((line) => JSON.parse(line));
  return stages.map((stage) => {
    const told = records.filter((record) => record.stage === stage);
    const { seconds, iteration } = told.at(-1);
    const waited = mean(told.map((record) => record.waited));
    return { net: name, stage, step: seconds / iteration, waited };
  });
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

/** CPU seconds a megapixel of each net, least of rounds in turn: others use the machine too. */
async function cost() {
  const side = 256;
  const subjects = [];
  for (const net of nets) {
    const weights = await readFile(join(net.folder, "restore.safetensors"));
    if (net.name === "none") continue;
    const stages = await openStages({ weights, engine: "onnx", pooling: "tlc", side, threads: 1 });
    subjects.push({ net, stages, whole: stages.at(-1), cpu: [] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { whole, cpu } of subjects) cpu.push((await whole.run()).cpu);
  }
  for (const { stages } of subjects) for (const stage of stages) await stage.close?.();
  return new Map(
    subjects.map(({ net, cpu }) => [net.name, Math.min(...cpu) / (side * side * 1e-6)]),
  );
}

const mean = (values) => values.reduce((all, value) => all + value, 0) / values.length;
const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
const told = ({ mean, low, high }) => `${signed(mean)} [${signed(low)}, ${signed(high)}]`;

/** Mean, and how far it lies above another's, pair by pair. */
function compared(of, other) {
  if (of.some((value) => value === undefined || value === null)) return ["", ""];
  const apart = other && told(meanInterval(of.map((value, i) => value - other[i])));
  return [mean(of).toFixed(2), apart ?? ""];
}

const table = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

await mkdir(out, { recursive: true });
const folders = await divide();
const init = await beginning();
const sets = [["synthetic", folders.pairs], ...options.eval.map((text) => text.split("="))];
const steps = [];
for (const net of nets) steps.push(...(await train(net, init, folders.photos)));
const found = new Map();
for (const [set, pairs] of sets) {
  for (const net of nets) found.set(`${net.name} ${set}`, await measure(net, set, pairs));
}
const costs = await cost();

const reblurred = (net, set) => found.get(`${net} ${set}`).map(({ reblur }) => reblur?.psnr);
const restored = (net, set) =>
  found.get(`${net} ${set}`).map(({ likeness }) => likeness.after.psnr);
const blurry = (set) => found.get(`none ${set}`).map(({ likeness }) => likeness.before.psnr);
const rowsOf = (names, values) =>
  names.map((name, i) => {
    const before = names[i - 1];
    const cells = sets.flatMap(([set]) =>
      compared(values(name, set), before && values(before, set)),
    );
    return [nets.find((net) => net.name === name).told, ...cells];
  });
const headed = (first) => [
  first,
  ...sets.flatMap(([set]) => [`${set}, dB`, "above the row before"]),
];
const asItIs = [
  "the blurry picture",
  ...sets.flatMap(([set]) => [mean(blurry(set)).toFixed(2), ""]),
];

const parts = [
  `${options.steps} steps of each stage, ${options.batch} patches of ${options.patch}×${options.patch}, preset lite; ${sets.map(([set]) => `${blurry(set).length} pairs ${set}`).join(", ")}.`,
  table(headed("re-blur PSNR"), [asItIs, ...rowsOf(["direct", "flow", "uncertain"], reblurred)]),
  table(headed("PSNR"), [asItIs, ...rowsOf(["none", "direct", "flow", "uncertain"], restored)]),
  table(
    ["stride", ...sets.flatMap(([set]) => [`re-blur ${set}`, `PSNR ${set}`]), "CPU s/MP"],
    ["stride-1", "stride-2", "uncertain"].map((name) => [
      nets.find((net) => net.name === name).stride,
      ...sets.flatMap(([set]) => [
        compared(reblurred(name, set))[0],
        compared(restored(name, set))[0],
      ]),
      costs.get(name).toFixed(2),
    ]),
  ),
  table(
    ["net", "stage", "s a step", "waited for data"],
    steps.map(({ net, stage, step, waited }) => [
      net,
      stage,
      step.toFixed(2),
      `${(100 * waited).toFixed(1)} %`,
    ]),
  ),
];
const text = `${parts.join("\n\n")}\n`;
await writeFile(join(out, "ablations.md"), text);
console.log(text);
