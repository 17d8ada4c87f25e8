/**
 * What a tile costs: every preset × engine × tile size × batch, each stage apart, against the machine's matrix
 * product and, where python3 has PyTorch, against the same weights in PyTorch and in its plain ONNX export.
 *
 *   npm run bench -- [--presets lite,small,paper] [--engines onnx,tfjs-wasm] [--tiles 256,512] [--batches 1,2]
 *                    [--pooling tlc] [--precisions float32,int8] [--threads N] [--rounds N] [--halo 32]
 *                    [--no-peers] [--json FILE]
 *
 * All subjects of one preset and tile size run in turn, round after round, in this process, the matrix product
 * among them: a change of the machine's speed meets them all. Prints a Markdown table. Shares of the peak are
 * given twice: by the clock, and by CPU seconds (minimum of each), which other programs on the machine disturb less. Peers pool globally,
 * and so does the row they are compared with (ratio: how many times as long they take, median over rounds).
 * int8 needs the ranges that `deblur calibrate` writes: it runs the bundled weights, where a preset has some.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { presets } from "../../dist/src/model/config.js";
import { initialWeights } from "../../dist/src/model/training/initial-weights.js";
import { configMetadata } from "../../dist/src/model/weights/metadata.js";
import { writeSafetensors } from "../../dist/src/model/weights/write-safetensors.js";
import { openBatch, openExport, openPeak, openStages, openTorch } from "./subjects.js";

const { values: options } = parseArgs({
  options: {
    presets: { type: "string", default: "lite,small,paper" },
    engines: { type: "string", default: "onnx,tfjs-wasm" },
    tiles: { type: "string", default: "256,512" },
    batches: { type: "string", default: "1,2" },
    pooling: { type: "string", default: "tlc" },
    precisions: { type: "string", default: "float32" },
    threads: { type: "string", default: String(availableParallelism()) },
    rounds: { type: "string", default: "5" },
    halo: { type: "string", default: "32" },
    "no-peers": { type: "boolean", default: false },
    json: { type: "string" },
  },
});
const list = (text) => text.split(",");
const [threads, rounds, halo] = [options.threads, options.rounds, options.halo].map(Number);
const { pooling } = options;
const quantile = (numbers, share) =>
  numbers.toSorted((a, b) => a - b)[Math.floor(share * (numbers.length - 1))];
const least = (runs, of) =>
  quantile(
    runs.map((run) => run[of]),
    0,
  );
const folder = await mkdtemp(join(tmpdir(), "rx-deblur-bench-"));

/** wasm at one thread takes minutes for the large net: it is left out there, and said so. */
const isAbsurd = (engine, preset, side) =>
  engine === "tfjs-wasm" && (preset === "paper" || (preset === "small" && side > 256));

/** Every subject of one preset and tile size, opened. */
async function subjectsOf(preset, side) {
  const config = presets[preset];
  const weights = drawn(config);
  const weightsPath = join(folder, `${preset}.safetensors`);
  await writeFile(weightsPath, weights);
  const subjects = [];
  const add = (subject, about) => subjects.push({ ...subject, ...about, runs: [] });
  const stride = config.kernelStride;
  let macs;
  for (const engine of list(options.engines)) {
    if (isAbsurd(engine, preset, side)) {
      console.error(`${preset} at ${side} on ${engine}: left out`);
      continue;
    }
    const stages = await openStages({ weights, engine, pooling, side, threads });
    for (const stage of stages) add(stage, { engine, batch: 1, pooling });
    if (engine === "onnx") macs = stages.at(-1).macs;
  }
  if (list(options.precisions).includes("int8")) {
    const bundled = new URL(`../../weights/ufpnet-${preset}.safetensors`, import.meta.url);
    const calibrated = await readFile(bundled).catch(() => undefined);
    const given = {
      weights: calibrated,
      engine: "onnx",
      precision: "int8",
      pooling,
      side,
      threads,
    };
    const stages = calibrated ? await openStages(given) : [];
    for (const stage of stages) add(stage, { engine: "onnx, int8", batch: 1, pooling });
    if (!calibrated) console.error(`${preset} at ${side} as int8: left out, no bundled weights`);
  }
  for (const batch of list(options.batches).map(Number)) {
    if (batch === 1) continue;
    const beside = await openBatch({ weights, pooling, side, threads, batch, macs });
    add(beside, { engine: "onnx", batch, pooling });
  }
  if (options["no-peers"]) return subjects;

  const stages = await openStages({ weights, engine: "onnx", pooling: "global", side, threads });
  const whole = { ...stages.at(-1), close: stages[2].close };
  add(whole, { engine: "onnx", batch: 1, pooling: "global", isOurs: true });
  const given = { weightsPath, side, threads, stride, macs: whole.macs, folder };
  for (const open of [openTorch, openExport]) {
    try {
      const peer = await open(given);
      if (peer.residual) assertSame(await peer.residual(), await whole.residual());
      add(peer, { engine: "peer", batch: 1, pooling: "global" });
    } catch (missing) {
      console.error(`${preset} at ${side}, without a peer: ${missing.message}`);
    }
  }
  return subjects;
}

/** Untrained weights: what a multiplication costs does not depend on them. β and γ are not 0, or blocks would add nothing. */
function drawn(config) {
  const tensors = initialWeights(config, 1);
  for (const [name, { data }] of tensors) if (/\.(beta|gamma)$/.test(name)) data.fill(0.1);
  return writeSafetensors(tensors, configMetadata(config), "F32");
}

/** Peers that compute something else prove nothing. */
function assertSame(theirs, ours) {
  const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const apart = largest(ours.map((value, i) => value - theirs[i])) / largest(theirs);
  if (!(apart < 1e-3)) throw new Error(`its residual differs from ours by ${apart}`);
}

const rows = [];
for (const preset of list(options.presets)) {
  for (const side of list(options.tiles).map(Number)) {
    const peak = { ...(await openPeak(threads)), runs: [] };
    const subjects = await subjectsOf(preset, side);
    for (const subject of subjects) await subject.run();
    for (let round = 0; round < rounds; round++) {
      for (const subject of [peak, ...subjects]) subject.runs.push(await subject.run());
    }
    const rate = ({ macs, runs }, of) => (2 * macs) / least(runs, of) / 1e9;
    const ours = subjects.find(({ isOurs }) => isOurs);
    // A tile restores its core alone: what its halo costs is paid for by fewer pixels.
    const core = (side - 2 * halo) ** 2 / 1e6;
    for (const subject of subjects) {
      const { name, engine, batch, macs, runs } = subject;
      const ratios =
        ours && engine === "peer" ? runs.map(({ wall }, i) => wall / ours.runs[i].wall) : [];
      const cpuRatio =
        ours && engine === "peer" ? least(runs, "cpu") / least(ours.runs, "cpu") : undefined;
      rows.push({
        preset,
        side,
        engine,
        pooling: subject.pooling,
        batch,
        stage: name,
        gmacs: macs / 1e9,
        wall: least(runs, "wall"),
        medianWall: quantile(
          runs.map(({ wall }) => wall),
          0.5,
        ),
        cpu: least(runs, "cpu"),
        gflops: rate(subject, "wall"),
        ofPeak: rate(subject, "wall") / rate(peak, "wall"),
        ofPeakByCpu: rate(subject, "cpu") / rate(peak, "cpu"),
        ...((name === "whole" || engine === "peer") &&
          side > 2 * halo && {
            perMegapixel: least(runs, "wall") / core,
          }),
        ...(ratios.length > 0 && { ratio: quantile(ratios, 0.5), ratioByCpu: cpuRatio }),
      });
    }
    rows.push({
      preset,
      side,
      engine: "onnx",
      batch: 1,
      stage: "matrix product",
      wall: least(peak.runs, "wall"),
      cpu: least(peak.runs, "cpu"),
      gflops: rate(peak, "wall"),
    });
    for (const subject of [peak, ...subjects]) await subject.close();
    console.error(`${preset} at ${side}: done`);
  }
}
await rm(folder, { recursive: true });

const columns = {
  preset: ({ preset }) => preset,
  tile: ({ side }) => side,
  engine: ({ engine }) => engine,
  pooling: ({ pooling }) => pooling,
  batch: ({ batch }) => batch,
  stage: ({ stage }) => stage,
  GMAC: ({ gmacs }) => gmacs?.toFixed(2),
  s: ({ wall }) => wall.toFixed(3),
  "median s": ({ medianWall }) => medianWall?.toFixed(3),
  "CPU s": ({ cpu }) => cpu.toFixed(3),
  "GFLOP/s": ({ gflops }) => gflops.toFixed(0),
  "of peak": ({ ofPeak }) => ofPeak?.toFixed(2),
  "of peak by CPU": ({ ofPeakByCpu }) => ofPeakByCpu?.toFixed(2),
  "s/MP": ({ perMegapixel }) => perMegapixel?.toFixed(2),
  ratio: ({ ratio }) => ratio?.toFixed(2),
  "by CPU": ({ ratioByCpu }) => ratioByCpu?.toFixed(2),
};
const line = (cells) => `| ${cells.join(" | ")} |`;
console.log(line(Object.keys(columns)));
console.log(line(Object.keys(columns).map(() => "---")));
for (const row of rows) console.log(line(Object.values(columns).map((of) => of(row) ?? "")));

if (options.json !== undefined) {
  const machine = { cpu: cpus()[0]?.model, threads, node: process.version };
  await writeFile(options.json, `${JSON.stringify({ machine, rounds, halo, rows }, null, 2)}\n`);
}
