/**
 * Restores an image at half size, or chooses between full and half size in each cell of 128 pixels.
 *
 *   node examples/scales.js IN OUT 1|2|4|auto
 */
import { bufferSink, bufferSource, openEngine, openPool } from "rx-deblur";
import {
  admit,
  atScale,
  blend,
  chooseScale,
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
  write,
} from "rx-deblur/operators";
import { lastValueFrom, of, pipe } from "rxjs";
import sharp from "sharp";

const [input, output, words = "auto"] = process.argv.slice(2);
const scale = words === "auto" ? words : Number(words);
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
  const { lane } = engine;
  const of1 = { width, height, tile: 256, halo: 32, feather: 16, alignment: engine.alignment };
  const grid = openGrid({ ...of1, scale });
  const options = { timeout: 600, residualLimit: defaultResidualLimit };
  const device = pipe(
    estimateKernels(engine, options),
    decodeFlow(engine, options),
    deconvolve(engine, options),
    deblur(engine, options),
  );
  const restore =
    scale === "auto"
      ? chooseScale(
          { grid, source },
          { full: exclusive(lane, device), half: exclusive(lane, device) },
        )
      : atScale(scale, exclusive(lane, device));
  const canvas = openCanvas(grid);
  await lastValueFrom(
    admit(grid.tiles(), 2, (tile) =>
      of(tile).pipe(
        decode(source, convertIn(pool), { ...options, alignment: grid.plan.alignment }),
        restore,
        blend(canvas, options),
        write(sink, options),
      ),
    ),
  );
  await sharp(sink.samples, { raw: { width, height, channels } }).toFile(output);
  console.log(
    `${output}: ${width}×${height}, ${grid.count} tiles, ${engine.liveHandles()} tensors left`,
  );
} finally {
  await engine.dispose();
  await pool.close();
}
