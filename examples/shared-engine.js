/**
 * Pictures in memory, several at the same time, by one engine: while one is read or put together, another has the
 * device. Stops at Ctrl-C, within a tile.
 *
 *   node examples/shared-engine.js PICTURE…
 */
import { deblurBuffer, openEngine, openPool } from "rx-deblur";
import sharp from "sharp";

const stop = new AbortController();
process.once("SIGINT", () => stop.abort(new Error("stopped")));

const engine = await openEngine();
const pool = openPool();
try {
  await Promise.all(
    process.argv.slice(2).map(async (path) => {
      const { data, info } = await sharp(path)
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      const blurry = { ...info, samples: new Uint8Array(data) };
      const restored = await deblurBuffer(blurry, {}, { engine, pool, signal: stop.signal });
      const changed = restored.samples.filter((sample, i) => sample !== blurry.samples[i]).length;
      console.log(`${path}: ${Math.round((100 * changed) / data.length)} % of the samples changed`);
    }),
  );
} finally {
  await engine.dispose();
  await pool.close();
}
