/**
 * What the pipeline adds to the bare engine, on a machine whose speed changes: every few tiles the running
 * picture is held, bare tiles of the same sizes are timed on the same engine, and the picture goes on.
 *
 *   node test/bench/overhead.js IN OUT [--slice N] [--tile N --threads N]
 *
 * Each slice of the picture is divided by the mean of the bare slices just before and just after it, seconds a
 * pixel, so that a slow change of speed cancels and a sudden one spoils one slice; the figure is the median of
 * these ratios, with its quartiles. `cpu` is the same of CPU seconds, which other programs on the machine disturb
 * less: they include what the pipeline computes beside the engine, also where that costs no time. The pause in
 * which the CPU stages run dry before each bare slice counts as the picture's: the ratios are upper bounds.
 * `whole` compares seconds of the whole run, start, decode and encode included, with those of its bare tiles.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { openOnnxEngine } from "../../dist/src/model/engines/device-engine.js";
import { deblurFile } from "../../dist/src/pipeline/run/deblur-file.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    slice: { type: "string", default: "3" },
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

const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Seconds a pixel, of pipeline and bare tiles by turns; the first are bare. */
const pipelineSlices = [];
const bareSlices = [];
let held = 0;
let mark;
let sizes = [];

const begun = () => ({ wall: performance.now() / 1000, cpu: cpuSeconds() });
const since = ({ wall, cpu }, pixels) => ({
  wall: (performance.now() / 1000 - wall) / pixels,
  cpu: (cpuSeconds() - cpu) / pixels,
});

/** Tiles of these sizes on the engine alone. */
async function bareSlice(engine, of) {
  const from = begun();
  for (const [height, width] of of) await bareTile(engine, height, width);
  bareSlices.push(since(from, pixelsOf(of)));
}

const pixelsOf = (of) => of.reduce((sum, [height, width]) => sum + height * width, 0);

/** The engine, held before every `slice`-th tile for as many bare ones. */
function interleaved(engine) {
  return {
    ...engine,
    async upload(pixels, height, width) {
      if (sizes.length === slice) {
        await ranDry();
        pipelineSlices.push(since(mark, pixelsOf(sizes)));
        const from = performance.now();
        await bareSlice(engine, sizes);
        held += seconds(from);
        sizes = [];
        mark = begun();
      }
      sizes.push([height, width]);
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
      const from = performance.now();
      await bareSlice(engine, Array(slice).fill([tile, tile]));
      held += seconds(from);
      return { engine: interleaved(engine), preset: "lite" };
    },
    onStart(plan) {
      tiles = plan.tiles;
      mark = begun();
    },
  },
);
const wall = seconds(begin) - held;

/** Quartiles of slice ÷ mean of its bare neighbours. */
function ratiosOf(what) {
  const ratios = pipelineSlices
    .map((one, i) => (2 * one[what]) / (bareSlices[i][what] + bareSlices[i + 1][what]))
    .toSorted((a, b) => a - b);
  const at = (share) => ratios[Math.round(share * (ratios.length - 1))];
  const [least, quarter, median, threeQuarters, most] = [0, 0.25, 0.5, 0.75, 1].map(at);
  return { least, quarter, median, threeQuarters, most };
}

const bare = bareSlices.reduce((sum, one) => sum + one.wall, 0) / bareSlices.length;
const bareTileSeconds = bare * tile * tile;
const whole = { tiles, wall, bareTile: bareTileSeconds, ratio: wall / (tiles * bareTileSeconds) };
const facts = { slices: pipelineSlices.length, wall: ratiosOf("wall"), cpu: ratiosOf("cpu") };
console.log(JSON.stringify({ ...facts, whole }, null, 2));
