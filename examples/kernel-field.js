/**
 * The motion kernels of a picture without restoring it: KE-Net and the flow alone, tile by tile. Prints a line
 * for each point: where it is, how unsure the net is, and how far the kernel spreads across and down, in pixels.
 *
 *   node examples/kernel-field.js PICTURE WEIGHTS [SPACING] > field.csv
 */
import { readFile } from "node:fs/promises";
import { bufferSource, openPool } from "rx-deblur";
import { openOnnxEngine } from "rx-deblur/model";
import {
  admit,
  convertIn,
  decode,
  decodeFlow,
  estimateKernels,
  exclusive,
  gatherSamples,
  openGrid,
  planPoints,
  sampleKernels,
  sampleSigma,
} from "rx-deblur/operators";
import { lastValueFrom, of, pipe, tap } from "rxjs";
import sharp from "sharp";

const [path, weightsPath, spacing = "64"] = process.argv.slice(2);

const { data, info } = await sharp(path)
  .removeAlpha()
  .toColourspace("srgb")
  .raw()
  .toBuffer({ resolveWithObject: true });
const { width, height, channels } = info;

const source = bufferSource({ width, height, channels, samples: new Uint8Array(data) });

const engine = await openOnnxEngine({
  weights: await readFile(weightsPath),
  pooling: "global",
  threads: 0,
});
const pool = openPool();
try {
  const { alignment, kernelField, lane } = engine;
  if (!kernelField) throw new Error(`${weightsPath}: a net without kernels`);
  const points = planPoints({ width, height, spacing: Number(spacing) });
  const kernels = gatherSamples(points, kernelField.size ** 2);
  const sigma = gatherSamples(points, 1);
  const grid = openGrid({ width, height, tile: 512, halo: 64, feather: 0, alignment });
  const options = { timeout: 600 };

  await lastValueFrom(
    admit(grid.tiles(), 2, (tile) =>
      of(tile).pipe(
        decode(source, convertIn(pool), { ...options, alignment }),
        exclusive(
          lane,
          pipe(
            estimateKernels(engine, options),
            sampleSigma(engine, [{ points, onSample: sigma.add }], options),
            decodeFlow(engine, options),
            sampleKernels(engine, [{ points, onSample: kernels.add }], options),
            // Nobody restores the tile: what it holds on the device is ours to release.
            tap((tile) => engine.release(tile.image, tile.kernels, tile.sigma)),
          ),
        ),
      ),
    ),
  );

  console.log("x,y,sigma,across,down");
  const taps = kernelField.size ** 2;
  for (let i = 0; i < points.rows * points.columns; i++) {
    const [x, y] = [points.x(i % points.columns), points.y(Math.floor(i / points.columns))];
    const [across, down] = spread(kernels.values.subarray(i * taps, (i + 1) * taps));
    const figures = [sigma.values[i].toPrecision(3), across.toFixed(2), down.toFixed(2)];
    console.log([x, y, ...figures].join());
  }
} finally {
  await engine.dispose();
  await pool.close();
}

/** Standard deviation of a kernel's columns and of its rows; what is negative left out. */
function spread(kernel) {
  const k = Math.sqrt(kernel.length);
  let [sum, x, y, xx, yy] = [0, 0, 0, 0, 0];
  for (const [i, value] of kernel.entries()) {
    const [weight, column, row] = [Math.max(0, value), i % k, Math.floor(i / k)];
    sum += weight;
    x += weight * column;
    y += weight * row;
    xx += weight * column ** 2;
    yy += weight * row ** 2;
  }
  return [Math.sqrt(xx / sum - (x / sum) ** 2), Math.sqrt(yy / sum - (y / sum) ** 2)];
}
