/**
 * A large picture through the whole pipeline against the bare engine, in one process and one run.
 *
 *   node test/bench/large.js IN OUT [--tile N --halo N --pooling KIND --threads N --repeat N]
 *
 * Each repetition runs the picture and then as many tiles (24 at most) on the bare engine. Prints JSON: seconds
 * of the whole run and of its tiles, the bare engine's median seconds a tile, their ratios; the median ratio;
 * peak resident memory; delay of the main thread's event loop while tiles flow.
 */
import { readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { planGrid } from "../../dist/src/image/tiling/grid.js";
import { openOnnxEngine } from "../../dist/src/model/engines/device-engine.js";
import { deblurFile } from "../../dist/src/pipeline/run/deblur-file.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tile: { type: "string", default: "512" },
    halo: { type: "string", default: "32" },
    pooling: { type: "string", default: "tlc" },
    threads: { type: "string", default: "2" },
    repeat: { type: "string", default: "1" },
  },
});
const [input, output] = positionals;
const [tile, halo, threads, repeat] = [values.tile, values.halo, values.threads, values.repeat].map(
  Number,
);
const { pooling } = values;
const weights = readFileSync("weights/ufpnet-lite.safetensors");

/** Median seconds of `count` tiles on the engine alone. */
async function bareTile(width, height, count) {
  const engine = await openOnnxEngine({ weights, pooling, threads });
  const seconds = [];
  for (let i = 0; i < count + 1; i++) {
    const pixels = Float32Array.from({ length: 3 * width * height }, (_, at) => (at % 251) / 251);
    const begin = performance.now();
    const image = await engine.upload(pixels, height, width);
    const codes = await engine.estimateKernels(image);
    const kernels = await engine.decodeFlow(codes);
    engine.release(codes.code, codes.sigma);
    await engine.restore(image, kernels);
    engine.release(image, kernels);
    if (i > 0) seconds.push((performance.now() - begin) / 1000);
  }
  await engine.dispose();
  return seconds;
}

/** Seconds of a run, of the part in which tiles flow, and the size of a tile. */
async function picture() {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  const begin = performance.now();
  let first;
  let last;
  let facts;
  await deblurFile(
    input,
    output,
    { tile, halo, pooling, threads, force: true },
    {
      onStart(plan) {
        facts = plan;
        first = performance.now();
        delay.enable();
      },
      onProgress() {
        last = performance.now();
      },
    },
  );
  delay.disable();
  const { width, height, tiles } = facts;
  const grid = planGrid({ width, height, tile, halo, feather: 0, alignment: 16 });
  const all = (performance.now() - begin) / 1000;
  return {
    all,
    tiles: (last - first) / 1000,
    count: tiles,
    read: grid.tile(0).read,
    width,
    height,
    eventLoopDelayMs: { p999: delay.percentile(99.9) / 1e6, max: delay.max / 1e6 },
  };
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
const runs = [];
let size;
let peak = 0;
for (let i = 0; i < repeat; i++) {
  size = await picture();
  peak = Math.max(peak, process.resourceUsage().maxRSS / 1024);
  const bare = median(await bareTile(size.read.width, size.read.height, Math.min(24, size.count)));
  const ideal = size.count * bare;
  const { all, tiles, eventLoopDelayMs } = size;
  const ratios = { ratioAll: all / ideal, ratioTiles: tiles / ideal };
  runs.push({ all, tiles, bareTile: bare, ...ratios, eventLoopDelayMs });
}
console.log(
  JSON.stringify(
    {
      picture: `${size.width}×${size.height}`,
      settings: { tile, halo, pooling, threads, read: `${size.read.width}×${size.read.height}` },
      tiles: size.count,
      runs,
      medianRatio: {
        all: median(runs.map((run) => run.ratioAll)),
        tiles: median(runs.map((run) => run.ratioTiles)),
      },
      peakMegabytes: peak,
    },
    null,
    2,
  ),
);
