/**
 * Frames a second, and what they cost beside the bare engine: rounds of frames through `deblurFrames` and of the same
 * number of tiles of the same size straight through the engine take turns, so that a machine that changes its speed
 * changes it for both.
 *
 *   node test/bench/video.js [FRAMES] [ROUNDS]        in a built clone; 4 frames, 3 rounds unless said
 */
import { fileURLToPath } from "node:url";
import { openGrid } from "rx-deblur/operators";
import { convertIn, deblurFrames, openEngine, openPool, rawFrame } from "rx-deblur/video";
import { lastValueFrom } from "rxjs";
import sharp from "sharp";

const [frames = 4, rounds = 3] = process.argv.slice(2).map(Number);
const street = fileURLToPath(new URL("../../examples/street.png", import.meta.url));
const [tile, halo, feather] = [512, 32, 16];
const engine = await openEngine();
const pool = openPool();
const { alignment } = engine;
const padded = (side) => Math.ceil(side / alignment) * alignment;
const middle = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

try {
  for (const [width, height] of [
    [640, 360],
    [1280, 720],
  ]) {
    const data = await sharp(street).resize(width, height, { fit: "fill" }).raw().toBuffer();
    const frame = rawFrame(new Uint8Array(data), { width, height, pixFmt: "rgb24" });
    const grid = openGrid({ width, height, tile, halo, feather, alignment });
    const tiles = [...grid.tiles()].map(({ read }) => [padded(read.width), padded(read.height)]);
    await piped(frame, 1);
    const runs = [];
    for (let round = 0; round < rounds; round++) {
      const bare = await seconds(() => bareTiles(tiles, frames));
      const wall = await seconds(() => piped(frame, frames));
      runs.push({ bare, wall });
      console.log(
        `${width}×${height}: ${(frames / wall).toFixed(3)} fps, ${wall.toFixed(2)} s for ${frames * tiles.length} tiles, ` +
          `bare ${bare.toFixed(2)} s, ratio ${(wall / bare).toFixed(3)}`,
      );
    }
    const fps = middle(runs.map(({ wall }) => frames / wall));
    const ratio = middle(runs.map(({ wall, bare }) => wall / bare));
    console.log(
      `${width}×${height}: median ${fps.toFixed(3)} fps, wall ÷ (tiles × bare tile time) ${ratio.toFixed(3)}`,
    );
  }
} finally {
  await engine.dispose();
  await pool.close();
}

async function piped(frame, count) {
  const all = Array.from({ length: count }, () => frame);
  const options = { convert: convertIn(pool), tile, halo, skipFlat: false, maxInFlight: 2 };
  await lastValueFrom(deblurFrames(all, engine, options));
}

async function bareTiles(tiles, count) {
  for (let i = 0; i < count; i++) {
    for (const [width, height] of tiles) {
      const pixels = new Float32Array(3 * width * height).map((_, at) => (at % 251) / 250);
      const image = await engine.upload(pixels, height, width);
      const { code, sigma } = await engine.estimateKernels(image);
      const kernels = await engine.decodeFlow({ code, sigma });
      await engine.restore(image, kernels);
      engine.release(image, code, sigma, kernels);
    }
  }
}

async function seconds(run) {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}
