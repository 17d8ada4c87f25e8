/**
 * Tiles a second of a named engine, for each preset and tile size, bare: no picture, no blending.
 *
 *   node test/bench/engines.js onnx-cuda [--adapter NAME] [--presets lite,small,paper] [--tiles 256,512] [--seconds 20]
 *
 * Prints Markdown, and JSON with --json: median and least seconds a tile with all stages and each, megapixels a
 * second, seconds until the first tile, peak resident memory, and of an NVIDIA GPU the peak memory that nvidia-smi
 * shows. Presets without bundled weights get numbers of no meaning: time does not depend on them.
 *
 * Needs nothing but this file, dist/, package.json, weights/ and node_modules/ (npm pack's content and what it
 * depends on), so that one archive of them and of Node.js goes to a machine without a network (see README.md).
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { presets } from "../../dist/src/model/config.js";
import { parameters } from "../../dist/src/model/graph/graph.js";
import {
  decodeFlowGraph,
  estimateKernelsGraph,
  restoreGraph,
} from "../../dist/src/model/nets/ufpnet.js";
import { configMetadata } from "../../dist/src/model/weights/metadata.js";
import { writeSafetensors } from "../../dist/src/model/weights/write-safetensors.js";
import { openNamedEngine } from "../../dist/src/pipeline/engines/engine-table.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    adapter: { type: "string" },
    presets: { type: "string", default: "lite,small,paper" },
    tiles: { type: "string", default: "256,512,1024" },
    pooling: { type: "string", default: "tlc" },
    threads: { type: "string", default: String(availableParallelism()) },
    seconds: { type: "string", default: "20" },
    json: { type: "boolean", default: false },
  },
});
const [name = "onnx"] = positionals;
const { adapter, pooling } = values;
const threads = Number(values.threads);
const patience = Number(values.seconds);

function weightsOf(preset) {
  if (preset === "lite") return readFileSync("weights/ufpnet-lite.safetensors");
  const config = presets[preset];
  const graphs = [
    estimateKernelsGraph(config),
    decodeFlowGraph(config),
    restoreGraph(config, "global"),
  ];
  const tensors = new Map(
    graphs.flatMap(parameters).map(({ name: key, shape }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      // Small, so that nothing runs out of float32; masks of both kinds, variances above 0.
      const data = Float32Array.from({ length: size }, (_, i) => {
        if (key.endsWith("mask")) return i % 2;
        return key.endsWith("running_var") ? 1 : (((i * 7919) % 251) / 251 - 0.5) / 50;
      });
      return [key, { shape, data }];
    }),
  );
  return writeSafetensors(tensors, configMetadata(config), "F32");
}

/** The most memory any GPU has in use while it is watched, in MiB; none without nvidia-smi. */
function watchGpu() {
  const query = ["--query-gpu=memory.used", "--format=csv,noheader,nounits", "-lms", "100"];
  const child = spawn("nvidia-smi", query, { stdio: ["ignore", "pipe", "ignore"] });
  let peak;
  child.on("error", () => {});
  child.stdout.on("data", (text) => {
    for (const line of String(text).trim().split("\n")) peak = Math.max(peak ?? 0, Number(line));
  });
  return () => {
    child.kill();
    return peak;
  };
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
const timed = async (into, key, call) => {
  const begin = performance.now();
  const answer = await call();
  into[key] = (performance.now() - begin) / 1000;
  return answer;
};

async function oneTile(engine, side) {
  const pixels = Float32Array.from({ length: 3 * side * side }, (_, i) => (i % 251) / 251);
  const spent = {};
  const begin = performance.now();
  const image = await timed(spent, "upload", () => engine.upload(pixels, side, side));
  const codes = await timed(spent, "estimate", () => engine.estimateKernels(image));
  const kernels = await timed(spent, "decode", () => engine.decodeFlow(codes));
  await timed(spent, "restore", () => engine.restore(image, kernels));
  engine.release(image, codes.code, codes.sigma, kernels);
  return { ...spent, all: (performance.now() - begin) / 1000 };
}

async function measure(engine, side) {
  const stop = watchGpu();
  const first = (await oneTile(engine, side)).all;
  const tiles = [];
  const end = performance.now() + patience * 1000;
  do tiles.push(await oneTile(engine, side));
  while (performance.now() < end && tiles.length < 200);
  const of = (key) => median(tiles.map((tile) => tile[key]));
  return {
    side,
    count: tiles.length,
    first,
    median: of("all"),
    least: Math.min(...tiles.map(({ all }) => all)),
    stages: { estimate: of("estimate"), decode: of("decode"), restore: of("restore") },
    megapixelsPerSecond: (side * side) / 1e6 / of("all"),
    residentMegabytes: process.resourceUsage().maxRSS / 1024,
    gpuMebibytes: stop(),
  };
}

const rows = [];
const heads = "preset|tile|tiles/s|MP/s|estimate|decode|restore|first tile|RSS MB|GPU MiB".split(
  "|",
);
for (const preset of values.presets.split(",")) {
  const settings = { weights: weightsOf(preset), pooling, threads, adapter, noise: undefined };
  const engine = await openNamedEngine(name, settings);
  if (rows.length === 0 && !values.json) {
    const { version, adapter: device = `${threads} threads` } = engine.identity;
    console.log(`${name}: ${version} on ${device}, ${pooling}\n\n| ${heads.join(" | ")} |`);
    console.log(`|${" --- |".repeat(heads.length)}`);
  }
  for (const side of values.tiles.split(",").map(Number)) {
    if (side > (engine.largestTile ?? side)) continue;
    const row = await measure(engine, side).catch(({ message }) => ({ side, error: message }));
    rows.push({ preset, identity: engine.identity, ...row });
    if (values.json) continue;
    const seconds = (value) => value.toPrecision(3);
    const cells = row.error
      ? [preset, side, row.error]
      : [
          preset,
          side,
          seconds(1 / row.median),
          seconds(row.megapixelsPerSecond),
          ...Object.values(row.stages).map(seconds),
          seconds(row.first),
          Math.round(row.residentMegabytes),
          row.gpuMebibytes ?? "",
        ];
    console.log(`| ${cells.join(" | ")} |`);
  }
  await engine.dispose();
}
if (values.json) console.log(JSON.stringify(rows, null, 2));
