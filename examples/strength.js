/**
 * Restores an image where a mask is white, and leaves it where the mask is black.
 *
 *   node examples/strength.js IN MASK OUT
 */
import { bufferSink, bufferSource, openEngine, openPool } from "rx-deblur";
import {
  admit,
  atStrength,
  blend,
  convertIn,
  deblur,
  decode,
  decodeFlow,
  deconvolve,
  defaultResidualLimit,
  estimateKernels,
  exclusive,
  openCanvas,
  openGrid,
  strengthOf,
  write,
} from "rx-deblur/operators";
import { lastValueFrom, of, pipe } from "rxjs";
import sharp from "sharp";

const [input, maskPath, output] = process.argv.slice(2);
const sourceOf = async (image) => {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return bufferSource({ width, height, channels, samples: new Uint8Array(data) });
};
const source = await sourceOf(sharp(input).removeAlpha().toColourspace("srgb"));
const { width, height, channels } = source;
const mask = await sourceOf(sharp(maskPath).resize(width, height, { fit: "fill" }));
const sink = bufferSink(source);

const engine = await openEngine();
const pool = openPool({ threads: 1 });
try {
  const { alignment } = engine;
  const grid = openGrid({ width, height, tile: 256, halo: 32, alignment });
  const { feather } = grid.plan;
  const options = { timeout: 600, residualLimit: defaultResidualLimit };
  const restore = exclusive(
    engine.lane,
    pipe(
      estimateKernels(engine, options),
      decodeFlow(engine, options),
      deconvolve(engine, options),
      deblur(engine, options),
    ),
  );
  const strength = strengthOf({ strength: 0.8, mask }, source);
  const canvas = openCanvas(grid);
  await lastValueFrom(
    admit(grid.tiles(), 2, (tile) =>
      of(tile).pipe(
        decode(source, convertIn(pool), { ...options, alignment }),
        atStrength(strength, { ...options, feather }, restore),
        blend(canvas, options),
        write(sink, options),
      ),
    ),
  );
  await sharp(sink.samples, { raw: { width, height, channels } }).toFile(output);
  console.log(`${output}: ${grid.count} tiles, ${engine.liveHandles()} tensors left`);
} finally {
  await engine.dispose();
  await pool.close();
}
