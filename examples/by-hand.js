/**
 * What `deblurImage` does, put together by hand: tiles are read, restored on the device one at a time and kept; then
 * read back, blended where they meet, and written. Every part can be another one, or have something of one's own between.
 *
 *   node examples/by-hand.js IN OUT
 */
import { bufferSink, bufferSource, openEngine, openPool } from "rx-deblur";
import {
  admit,
  attempt,
  blend,
  convertIn,
  copyFailed,
  deblur,
  decode,
  decodeFlow,
  deconvolve,
  defaultResidualLimit,
  estimateKernels,
  exclusive,
  openCanvas,
  openGrid,
  planPoints,
  sampleImage,
  skipFlat,
  skipSharp,
  store,
  takeKernels,
  write,
} from "rx-deblur/operators";
import { lastValueFrom, of, pipe } from "rxjs";
import sharp from "sharp";

const [input, output] = process.argv.slice(2);
const { data, info } = await sharp(input)
  .removeAlpha()
  .toColourspace("srgb")
  .raw()
  .toBuffer({ resolveWithObject: true });
const { width, height, channels } = info;
const source = bufferSource({ width, height, channels, samples: new Uint8Array(data) });
const sink = bufferSink(source);

const engine = await openEngine();
const pool = openPool({ threads: 1 });
try {
  const { alignment, lane } = engine;
  const grid = openGrid({ width, height, tile: 256, halo: 32, feather: 16, alignment });
  const options = { timeout: 600, alignment, residualLimit: defaultResidualLimit };
  const read = decode(source, convertIn(pool), options);
  const motion = pipe(estimateKernels(engine, options), decodeFlow(engine, options));
  const sharpened = pipe(deconvolve(engine, options), deblur(engine, options));

  // The kernels of one tile as numbers: nothing is restored.
  const middle = grid.tile(Math.floor(grid.count / 2));
  const seen = await lastValueFrom(
    of(middle).pipe(read, exclusive(lane, pipe(motion, takeKernels(engine, options)))),
  );
  console.log(`tile ${middle.index}: ${seen.columns}×${seen.rows} kernels`);

  const restored = new Map();
  const kept = {
    has: (index) => restored.has(index),
    put: async (tile) => void restored.set(tile.tile.index, tile),
  };
  const means = [];
  const points = planPoints({ width, height, spacing: 64 });
  const onSample = ({ values }) => means.push(...values);
  // Twice, and if that fails, too, the tile stays as it is.
  const onDevice = attempt(2, (last) =>
    copyFailed(last ? "copy" : "fail", pipe(motion, skipSharp(true, engine, sharpened, options))),
  );
  await lastValueFrom(
    admit(grid.tiles(), 2, (tile) =>
      of(tile).pipe(
        read,
        sampleImage([{ points, onSample }]),
        skipFlat(true, exclusive(lane, onDevice)),
        store(kept, options),
      ),
    ),
  );
  const mean = means.reduce((sum, value) => sum + value, 0) / means.length;
  console.log(`${restored.size} of ${grid.count} tiles kept, mean colour ${mean.toFixed(2)}`);

  const canvas = openCanvas(grid);
  await lastValueFrom(
    admit(restored.values(), 1, (tile) =>
      of(tile).pipe(blend(canvas, options), write(sink, options)),
    ),
  );
  await sharp(sink.samples, { raw: { width, height, channels } }).toFile(output);
  console.log(`${output}: ${width}×${height}, ${engine.liveHandles()} tensors left`);
} finally {
  await engine.dispose();
  await pool.close();
}
