/**
 * A large picture through the whole pipeline against the bare engine, in one process and one run.
 *
 *   node test/bench/large.js IN OUT [--tile N --halo N --pooling KIND --threads N]
 *
 * Prints JSON: seconds; tiles; the bare engine's seconds a tile, measured before and after; their ratio; peak
 * resident memory; delay of the main thread's event loop while tiles flow.
 */
import { readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { openOnnxEngine } from "../../dist/src/model/engines/onnx-engine.js";
import { planGrid } from "../../dist/src/operators/tiling/grid.js";
import { deblurFile } from "../../dist/src/pipeline/deblur-file.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tile: { type: "string", default: "512" },
    halo: { type: "string", default: "32" },
    pooling: { type: "string", default: "tlc" },
    threads: { type: "string", default: "2" },
  },
});
const [input, output] = positionals;
const [tile, halo, threads] = [values.tile, values.halo, values.threads].map(Number);
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

let plan;
const begin = performance.now();
const delay = monitorEventLoopDelay({ resolution: 5 });
let first;
let last;
let size;
const done = await deblurFile(
  input,
  output,
  { tile, halo, pooling, threads, force: true },
  {
    onStart(facts) {
      plan = facts;
      const { width, height } = facts;
      const grid = planGrid({ width, height, tile, halo, feather: 0, alignment: 16 });
      size = grid.tile(0).read;
      first = performance.now();
      delay.enable();
    },
    onProgress() {
      last = performance.now();
    },
  },
);
delay.disable();
const end = performance.now();
const peak = process.resourceUsage().maxRSS;
const bare = await bareTile(size.width, size.height, 12);
const median = bare.toSorted((a, b) => a - b)[bare.length >> 1];
console.log(
  JSON.stringify(
    {
      picture: `${plan.width}×${plan.height}`,
      settings: { tile, halo, pooling, threads, read: `${size.width}×${size.height}` },
      tiles: done.tiles,
      seconds: { all: (end - begin) / 1000, tiles: (last - first) / 1000 },
      bareTileSeconds: { median, min: Math.min(...bare), max: Math.max(...bare) },
      ratio: {
        all: (end - begin) / 1000 / (done.tiles * median),
        tiles: (last - first) / 1000 / (done.tiles * median),
      },
      peakMegabytes: peak / 1024,
      eventLoopDelayMs: { p999: delay.percentile(99.9) / 1e6, max: delay.max / 1e6 },
    },
    null,
    2,
  ),
);
