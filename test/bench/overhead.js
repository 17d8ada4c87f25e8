/**
 * What the pipeline adds to the bare engine, on a machine whose speed changes: every few tiles the running
 * picture is held, as many bare tiles are timed on the same engine, and the picture goes on. Both are spread over
 * the same minutes, so that a change of speed meets both.
 *
 *   node test/bench/overhead.js IN OUT [--slice N] [--tile N --threads N]
 *
 * Prints JSON: seconds of the picture (start, decode and encode included, the bare tiles taken out), seconds of
 * the bare tiles, wall ÷ (tiles × bare tile), and the same ratio slice by slice. The pause in which the CPU
 * stages run dry before each bare slice counts as the picture's: the ratios are upper bounds.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { openOnnxEngine } from "../../dist/src/model/engines/onnx-engine.js";
import { deblurFile } from "../../dist/src/pipeline/deblur-file.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    slice: { type: "string", default: "6" },
    tile: { type: "string", default: "512" },
    threads: { type: "string", default: "2" },
  },
});
const [input, output] = positionals;
const [slice, tile, threads] = [values.slice, values.tile, values.threads].map(Number);
const weights = readFileSync("weights/ufpnet-lite.safetensors");
const seconds = (from) => (performance.now() - from) / 1000;

/** One tile as the pipeline's device stages compute it, on pixels of our own. */
async function bareTile(engine, height, width) {
  const pixels = Float32Array.from({ length: 3 * width * height }, (_, at) => (at % 251) / 251);
  const begin = performance.now();
  const image = await engine.upload(pixels, height, width);
  const codes = await engine.estimateKernels(image);
  const kernels = await engine.decodeFlow(codes);
  engine.release(codes.code, codes.sigma);
  await engine.restore(image, kernels);
  engine.release(image, kernels);
  return seconds(begin);
}

/** Until the process has computed next to nothing for 20 ms. */
async function ranDry() {
  for (;;) {
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { user, system } = process.cpuUsage(before);
    if (user + system < 2_000) return;
  }
}

const slices = [];
let held = 0;
let sliceBegin;

/** The engine, held before every `slice`-th tile for as many bare ones. */
function interleaved(engine) {
  let tiles = 0;
  return {
    ...engine,
    async upload(pixels, height, width) {
      if (tiles > 0 && tiles % slice === 0) {
        await ranDry();
        const pipeline = seconds(sliceBegin);
        const begin = performance.now();
        let bare = 0;
        for (let i = 0; i < slice; i++) bare += await bareTile(engine, height, width);
        held += seconds(begin);
        slices.push({ pipeline, bare });
        sliceBegin = performance.now();
      }
      tiles++;
      return engine.upload(pixels, height, width);
    },
  };
}

const begin = performance.now();
let tiles;
await deblurFile(
  input,
  output,
  { tile, threads, force: true },
  {
    async openEngine() {
      const engine = await openOnnxEngine({ weights, pooling: "tlc", threads });
      // The first run of a session allocates; the picture should not pay for it alone.
      await bareTile(engine, tile, tile);
      return { engine: interleaved(engine), preset: "lite" };
    },
    onStart(plan) {
      tiles = plan.tiles;
      sliceBegin = performance.now();
    },
  },
);
const wall = seconds(begin) - held;
const bare = slices.reduce((sum, one) => sum + one.bare, 0) / (slices.length * slice);
const ratios = slices.map((one) => one.pipeline / one.bare).toSorted((a, b) => a - b);
const at = (share) => ratios[Math.min(ratios.length - 1, Math.floor(share * ratios.length))];
const facts = { tiles, wall, bareTile: bare, wallRatio: wall / (tiles * bare) };
const spread = {
  least: at(0),
  quarter: at(0.25),
  median: at(0.5),
  threeQuarters: at(0.75),
  most: at(1),
};
console.log(JSON.stringify({ ...facts, sliceRatios: spread, slices: ratios.length }, null, 2));
