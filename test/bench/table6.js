/**
 * The paper's Table 6 in miniature: each restorer without and with kernel attention, trained by `deblur train restore`
 * for equally many steps on the same batches in the same order, measured by `deblur eval` on pairs that were not trained
 * on.
 *
 *   npm run build && node test/bench/table6.js OUT --data DIR --pairs DIR --eval NAME=DIR …
 *          [--kernels FILE] [--steps 300] [--patch 64] [--batch 2] [--rate 1e-3] [--at-once 1]
 *
 * The restorers have a width of 8 and few blocks, their published losses, and weights drawn with one seed; KE-Net and
 * flow are those of --kernels. With --at-once N, N trainings share the machine; their numbers are the same. Run again it continues where it stopped. Writes OUT/table6.md; intervals are the
 * bootstrap's 95 % over the pairs, differences are taken pair by pair.
 */
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { meanInterval } from "../../dist/src/model/measures/bootstrap.js";
import { initialWeights } from "../../dist/src/model/training/initial-weights.js";
import { configMetadata } from "../../dist/src/model/weights/metadata.js";
import { writeSafetensors } from "../../dist/src/model/weights/write-safetensors.js";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string" },
    pairs: { type: "string" },
    eval: { type: "string", multiple: true, default: [] },
    kernels: { type: "string", default: "weights/ufpnet-lite.safetensors" },
    steps: { type: "string", default: "300" },
    patch: { type: "string", default: "64" },
    batch: { type: "string", default: "2" },
    rate: { type: "string", default: "1e-3" },
    "at-once": { type: "string", default: "1" },
  },
});
const [given] = positionals;
if (!given || !options.data || !options.pairs || options.eval.length === 0) {
  console.error("Expected OUT, --data DIR, --pairs DIR and --eval NAME=DIR but received less");
  process.exit(2);
}
const out = resolve(given);
const deblur = fileURLToPath(new URL("../../dist/bin/deblur.js", import.meta.url));
const seed = 0;

const plain = { keBase: 0, kernelSize: 0, kernelStride: 1, trainPatch: Number(options.patch) };
const coder = (...blocks) => ({ encoderBlocks: blocks, decoderBlocks: blocks, middleBlocks: 0 });
const restorers = {
  NAFNet: { width: 8, encoderBlocks: [1, 1, 1, 4], middleBlocks: 1, decoderBlocks: [1, 1, 1, 1] },
  "MIMO-UNet": { restorer: "mimo-unet", width: 8, ...coder(2, 2, 2) },
  MPRNet: {
    ...{ restorer: "mprnet", width: 8, ...coder(2, 2, 2) },
    mprnet: { growth: 4, extraWidth: 4, groupBlocks: 2, reduction: 4 },
  },
};
const nets = Object.entries(restorers).flatMap(([told, sizes]) =>
  [false, true].map((kernels) => ({
    ...{ told, kernels, config: { ...plain, ...sizes } },
    folder: join(out, `${told}${kernels ? "-kernels" : ""}`),
  })),
);

const run = (words) =>
  promisify(execFile)(process.execPath, [deblur, ...words.map(String)], { maxBuffer: 2 ** 28 });
const written = (path) => readFile(path, "utf8").catch(() => undefined);

async function train({ told, kernels, config, folder }) {
  await mkdir(folder, { recursive: true });
  const init = join(folder, "drawn.safetensors");
  const drawn = initialWeights(config, seed);
  await writeFile(init, writeSafetensors(drawn, configMetadata(config), "F32"));
  console.error(`${told}${kernels ? " with kernels" : ""}: restore`);
  const from = kernels ? ["--kernels-from", options.kernels] : [];
  const data = ["--data", options.data, "--pairs", options.pairs, "--threads", 1, "--seed", seed];
  const size = ["--patch", options.patch, "--batch", options.batch, "--lr", options.rate];
  const steps = ["--iterations", options.steps];
  await run([
    "train",
    "restore",
    "--out",
    folder,
    "--init",
    init,
    ...from,
    ...data,
    ...size,
    ...steps,
  ]);
}

/** PSNRs of each pair before and after. */
async function measure({ told, folder }, set, pairs) {
  const path = join(folder, `eval-${set}.jsonl`);
  if ((await written(path)) === undefined) {
    console.error(`${told}: measured on ${set}`);
    const weights = join(folder, "restore.safetensors");
    const words = ["eval", pairs, "--weights", weights, "--threads", "1", "--json"];
    await writeFile(path, (await run(words)).stdout);
  }
  const lines = (await readFile(path, "utf8")).trim().split("\n");
  return lines
    .map((line) => JSON.parse(line))
    .filter(({ event }) => event === "picture")
    .map(({ likeness: { before, after } }) => ({ before: before.psnr, after: after.psnr }));
}

const mean = (values) => values.reduce((all, value) => all + value, 0) / values.length;
const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
const interval = ({ mean, low, high }) => `${signed(mean)} [${signed(low)}, ${signed(high)}]`;
const row = (cells) => `| ${cells.join(" | ")} |`;

await mkdir(out, { recursive: true });
const waiting = nets.values();
const trainer = async () => {
  for (const net of waiting) await train(net);
};
await Promise.all(Array.from({ length: Number(options["at-once"]) }, trainer));
const sets = options.eval.map((text) => text.split("="));
const rows = [];
for (const told of Object.keys(restorers)) {
  const cells = [told];
  for (const [set, pairs] of sets) {
    const [without, withKernels] = await Promise.all(
      nets.filter((net) => net.told === told).map((net) => measure(net, set, pairs)),
    );
    const after = (found) => found.map((pair) => pair.after);
    const apart = withKernels.map((pair, i) => pair.after - without[i].after);
    cells.push(
      mean(without.map((pair) => pair.before)).toFixed(2),
      mean(after(without)).toFixed(2),
      mean(after(withKernels)).toFixed(2),
      interval(meanInterval(apart)),
    );
  }
  rows.push(cells);
}
const head = ["restorer", ...sets.flatMap(([set]) => [`${set}, blurry`, "×", "✓", "✓ − ×"])];
const table = [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
await writeFile(join(out, "table6.md"), `${table}\n`);
console.log(table);
