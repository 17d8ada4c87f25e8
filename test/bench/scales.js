/**
 * Compares the scales at which images are restored: PSNR of each image as written with 8 bits, and the differences to
 * scale 1 with bootstrap 95 % intervals. Prints a Markdown table for each folder of pairs, as `deblur eval` finds them.
 *
 *   node test/bench/scales.js [--scales 1,2,auto] DIR …
 *
 * s counts the restoring of all images of the folder; scales take turns on each image.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { openPool } from "../../dist/src/io/pool/pool.js";
import { openOnnxEngine } from "../../dist/src/model/engines/device-engine.js";
import { meanInterval } from "../../dist/src/model/measures/bootstrap.js";
import { deblurBuffer } from "../../dist/src/pipeline/deblur-buffer.js";
import { findSubjects } from "../../dist/src/tools/evaluate/find-subjects.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scales: { type: "string", default: "1,2,auto" },
    weights: { type: "string", default: "weights/ufpnet-lite.safetensors" },
    threads: { type: "string", default: "2" },
  },
});
const scales = values.scales.split(",").map((name) => (name === "auto" ? name : Number(name)));

async function load(path) {
  const { data, info } = await sharp(path)
    .removeAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: 3, samples: new Uint8Array(data) };
}

function psnr({ samples }, truth) {
  let squares = 0;
  for (let i = 0; i < samples.length; i++) squares += (samples[i] - truth.samples[i]) ** 2;
  return 10 * Math.log10(255 ** 2 / (squares / samples.length));
}

const shown = (gains) => {
  const { mean, low, high } = meanInterval(gains);
  return `${mean.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
};
const line = (cells) => console.log(`| ${cells.join(" | ")} |`);

const engine = await openOnnxEngine({
  weights: readFileSync(values.weights),
  pooling: "tlc",
  threads: Number(values.threads),
});
const pool = openPool({ threads: 1 });
for (const folder of positionals) {
  const { subjects } = await findSubjects(folder);
  console.log(`\n${folder}\n`);
  line(["image", "blurry", ...scales.map((scale) => `scale ${scale}`)]);
  console.log(`|${" --- |".repeat(scales.length + 2)}`);
  const found = { blurry: [], ...Object.fromEntries(scales.map((scale) => [scale, []])) };
  const seconds = scales.map(() => 0);
  for (const { name, blurry, sharp: truthPath } of subjects) {
    const [picture, truth] = [await load(blurry), await load(truthPath)];
    found.blurry.push(psnr(picture, truth));
    for (const [i, scale] of scales.entries()) {
      const begin = performance.now();
      const restored = await deblurBuffer(picture, { scale }, { engine, pool });
      seconds[i] += (performance.now() - begin) / 1000;
      found[scale].push(psnr(restored, truth));
    }
    line([name, ...["blurry", ...scales].map((key) => found[key].at(-1).toFixed(2))]);
  }
  const minus = (a, b) => found[a].map((value, i) => value - found[b][i]);
  line(["mean gain", "", ...scales.map((scale) => shown(minus(scale, "blurry")))]);
  line([
    "minus scale 1",
    "",
    ...scales.map((scale) => (scale === 1 ? "" : shown(minus(scale, 1)))),
  ]);
  line(["s", "", ...seconds.map((value) => value.toFixed(1))]);
}
await engine.dispose();
await pool.close();
