/**
 * What tile, halo and pooling cost and change: for each image and setting, restores it tile by tile and as a
 * whole in the same pooling mode. Prints a Markdown table, and JSON with --json.
 *
 *   node test/bench/tiling.js [--tiles 256,384] [--halos 16,32] [--poolings global,tlc] IMAGE[:TRUTH] …
 *
 * relative = RMS(tiled − whole) ÷ RMS(whole − input); seam = mean gradient across tile borders, in both
 * directions, ÷ that across all other columns and rows at multiples of 16 (so that the blocks of a JPEG count
 * alike); of whole = the same figure of the whole-image result, where nothing was joined at those places; s/MP
 * includes halos and all CPU stages.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { lastValueFrom } from "rxjs";
import sharp from "sharp";
import { planGrid } from "../../dist/src/image/tiling/grid.js";
import { openGrid } from "../../dist/src/image/tiling/open-grid.js";
import { openPool } from "../../dist/src/io/pool/pool.js";
import { convertIn } from "../../dist/src/io/sources/convert-tile.js";
import { openOnnxEngine } from "../../dist/src/model/engines/device-engine.js";
import { deblurImage } from "../../dist/src/pipeline/deblur-image.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tiles: { type: "string", default: "256,384,512,768" },
    halos: { type: "string", default: "16,32,64,96" },
    poolings: { type: "string", default: "global,tlc" },
    weights: { type: "string", default: "weights/ufpnet-lite.safetensors" },
    threads: { type: "string", default: "2" },
    json: { type: "boolean", default: false },
  },
});
const numbers = (list) => list.split(",").map(Number);

async function load(path) {
  const { data, info } = await sharp(path)
    .removeAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: 3, samples: new Uint8Array(data) };
}

function memorySource(picture) {
  return {
    ...picture,
    sampleType: "uint8",
    async read({ x, y, width, height }) {
      const samples = new Uint8Array(width * height * 3);
      for (let row = 0; row < height; row++) {
        const from = ((y + row) * picture.width + x) * 3;
        samples.set(picture.samples.subarray(from, from + width * 3), row * width * 3);
      }
      return { width, height, channels: 3, samples };
    },
  };
}

/** The residual of the whole picture, [3, h, w]. */
async function restore(picture, engine, pool, { tile, halo }) {
  const { width, height } = picture;
  const residual = new Float32Array(3 * width * height);
  const sink = {
    async write({ rect, residual: block }) {
      for (let c = 0; c < 3; c++)
        for (let row = 0; row < rect.height; row++) {
          const from = (c * rect.height + row) * rect.width;
          residual.set(
            block.subarray(from, from + rect.width),
            (c * height + rect.y + row) * width + rect.x,
          );
        }
    },
  };
  const { feather } = openGrid({ width, height, tile, halo, alignment: 16 }).plan;
  const begin = performance.now();
  await lastValueFrom(
    deblurImage(memorySource(picture), sink, engine, {
      convert: convertIn(pool),
      tile,
      halo,
      feather,
      inFlight: 3,
      timeout: 3600,
      onTileError: "fail",
      residualLimit: 1,
    }),
  );
  return { residual, seconds: (performance.now() - begin) / 1000 };
}

const rms = (values) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);

function psnr(picture, residual, truth) {
  const { width, height } = picture;
  let squares = 0;
  for (let c = 0; c < 3; c++)
    for (let i = 0; i < width * height; i++) {
      const at = i * 3 + c;
      const out = Math.min(
        255,
        Math.max(0, Math.round(picture.samples[at] + 255 * residual[c * width * height + i])),
      );
      squares += (out - truth.samples[at]) ** 2;
    }
  return 10 * Math.log10(255 ** 2 / (squares / (3 * width * height)));
}

/** Mean absolute gradient of the restored green channel across the given columns and rows ÷ across the others. */
function borderRatio(picture, residual, { columns, lines }) {
  const { width, height } = picture;
  const sums = { border: 0, rest: 0 };
  const counts = { border: 0, rest: 0 };
  const value = (x, y) =>
    picture.samples[(y * width + x) * 3 + 1] / 255 + residual[(height + y) * width + x];
  const count = (where, gradient) => {
    sums[where] += Math.abs(gradient);
    counts[where]++;
  };
  for (let x = 16; x < width; x += 16)
    for (let y = 0; y < height; y++)
      count(columns.has(x) ? "border" : "rest", value(x, y) - value(x - 1, y));
  for (let y = 16; y < height; y += 16)
    for (let x = 0; x < width; x++)
      count(lines.has(y) ? "border" : "rest", value(x, y) - value(x, y - 1));
  return sums.border / counts.border / (sums.rest / counts.rest);
}

/** Columns and rows where a core begins, and where its feather begins and ends. */
function bordersOf(picture, { tile, halo }) {
  const size = { width: picture.width, height: picture.height, tile, halo, alignment: 16 };
  const { feather } = openGrid(size).plan;
  const grid = planGrid({ ...size, feather });
  const cores = [...grid.tiles()].map(({ core }) => core);
  const around = (starts) =>
    new Set(starts.filter((at) => at > 0).flatMap((at) => [at - feather, at, at + feather]));
  return { columns: around(cores.map(({ x }) => x)), lines: around(cores.map(({ y }) => y)) };
}

const weights = readFileSync(values.weights);
const pool = openPool({ threads: 1 });
const rows = [];
for (const pooling of values.poolings.split(",")) {
  const engine = await openOnnxEngine({ weights, pooling, threads: Number(values.threads) });
  for (const name of positionals) {
    const [path, truthPath] = name.split(":");
    const picture = await load(path);
    const truth = truthPath && (await load(truthPath));
    const megapixels = (picture.width * picture.height) / 1e6;
    const side = Math.ceil(Math.max(picture.width, picture.height) / 16) * 16;
    const whole = await restore(picture, engine, pool, { tile: side, halo: 0 });
    const change = rms(whole.residual);
    const report = (tile, halo, result, borders) => {
      const row = {
        image: path.split("/").at(-1),
        pooling,
        tile,
        halo,
        relative: rms(result.residual.map((v, i) => v - whole.residual[i])) / change,
        seam: borders && borderRatio(picture, result.residual, borders),
        seamOfWhole: borders && borderRatio(picture, whole.residual, borders),
        psnr: truth ? psnr(picture, result.residual, truth) : undefined,
        secondsPerMegapixel: result.seconds / megapixels,
      };
      rows.push(row);
      const cells = [
        row.image,
        pooling,
        tile,
        halo,
        row.relative.toFixed(3),
        row.seam?.toFixed(3) ?? "",
        row.seamOfWhole?.toFixed(3) ?? "",
        row.psnr?.toFixed(3) ?? "",
        row.secondsPerMegapixel.toFixed(1),
      ];
      if (!values.json) console.log(`| ${cells.join(" | ")} |`);
    };
    if (!values.json && rows.length === 0) {
      console.log("| image | pooling | tile | halo | relative | seam | of whole | PSNR | s/MP |");
      console.log(`|${" --- |".repeat(9)}`);
    }
    if (truth) {
      const blurry = psnr(picture, new Float32Array(whole.residual.length), truth);
      if (!values.json)
        console.log(`| ${path.split("/").at(-1)} | (blurry) | | | | | | ${blurry.toFixed(3)} | |`);
    }
    report("whole", "", whole);
    for (const tile of numbers(values.tiles))
      for (const halo of numbers(values.halos)) {
        if (tile - 2 * halo < 64) continue;
        report(
          tile,
          halo,
          await restore(picture, engine, pool, { tile, halo }),
          bordersOf(picture, { tile, halo }),
        );
      }
  }
  await engine.dispose();
}
await pool.close();
if (values.json) console.log(JSON.stringify(rows, null, 2));
