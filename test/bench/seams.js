/**
 * Whether anything of the tiles' borders is seen: mean gradient across them ÷ mean gradient across the very same
 * columns and rows of the picture when no border lies there.
 *
 *   node test/bench/seams.js [--tile 512 --halo 32 --shifts 7] [--net FILE] [--engine NAME] IMAGE …
 *
 * A picture's own content changes from column to column by more than any seam. So the grid is moved: the picture is
 * cut `shifts` times, each time a step further right and down, and each cut restored by the command's own function
 * into 16 bits. A column counts as border where a core begins or a feather begins or ends. Only columns that were
 * border in one cut and interior in another count, each with the same weight in both sums, and of them only the part
 * that all cuts have. Prints Markdown.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { deblurFile, openEngine } from "rx-deblur";
import { openGrid } from "rx-deblur/operators";
import sharp from "sharp";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tile: { type: "string", default: "512" },
    halo: { type: "string", default: "32" },
    shifts: { type: "string", default: "7" },
    net: { type: "string" },
    engine: { type: "string", default: "auto" },
  },
});
const [tile, halo, shifts] = ["tile", "halo", "shifts"].map((name) => Number(values[name]));
const feather = halo / 2;

const folder = mkdtempSync(join(tmpdir(), "seams-"));
const engine = await openEngine({ net: values.net, engine: values.engine });
const { alignment } = engine;
const step = Math.floor((tile - 2 * halo) / shifts / alignment) * alignment;
if (step === 0)
  throw new Error(`at most ${(tile - 2 * halo) / alignment} shifts of a multiple of ${alignment}`);
console.log("| picture | cut | columns ÷ | rows ÷ | columns and rows met |");
console.log("| --- | --- | --- | --- | --- |");
try {
  for (const image of positionals) console.log(`| ${(await seamsOf(image)).join(" | ")} |`);
} finally {
  await engine.dispose();
  rmSync(folder, { recursive: true });
}

async function seamsOf(image) {
  const whole = await sharp(image).metadata();
  const last = step * (shifts - 1);
  const [width, height] = [whole.width - last, whole.height - last];
  const across = newSums(whole.width);
  const down = newSums(whole.height);
  for (let shift = 0; shift < shifts; shift++) {
    const at = shift * step;
    const [cut, restored] = [join(folder, "cut.png"), join(folder, "restored.png")];
    await sharp(image).extract({ left: at, top: at, width, height }).removeAlpha().toFile(cut);
    await deblurFile(cut, restored, { tile, halo, bits: 16, force: true }, { engine });
    const green = await sharp(restored).extractChannel(1).raw({ depth: "ushort" }).toBuffer();
    const value = new Uint16Array(green.buffer, green.byteOffset, width * height);
    const grid = openGrid({ width, height, tile, halo, feather, alignment });
    const cores = [...grid.tiles()].map(({ core }) => core);
    const columns = around(cores.map(({ x }) => x));
    const rows = around(cores.map(({ y }) => y));
    // Multiples of 16 of the picture alone, so that the blocks of a JPEG count alike.
    for (let x = 16; x < width; x += 16) {
      let sum = 0;
      for (let y = last - at; y < height - at; y++)
        sum += Math.abs(value[y * width + x] - value[y * width + x - 1]);
      add(across, columns.has(x), x + at, sum);
    }
    for (let y = 16; y < height; y += 16) {
      let sum = 0;
      for (let x = last - at; x < width - at; x++)
        sum += Math.abs(value[y * width + x] - value[(y - 1) * width + x]);
      add(down, rows.has(y), y + at, sum);
    }
  }
  const [c, r] = [ratio(across), ratio(down)];
  return [
    basename(image),
    `${shifts} × ${width}×${height}`,
    c.ratio.toFixed(4),
    r.ratio.toFixed(4),
    `${c.met} and ${r.met}`,
  ];
}

/** Where a core begins, and where the feather around that begins and ends. */
function around(starts) {
  return new Set(starts.filter((at) => at > 0).flatMap((at) => [at - feather, at, at + feather]));
}

function newSums(length) {
  const zeros = () => new Float64Array(length);
  return { border: { sum: zeros(), count: zeros() }, rest: { sum: zeros(), count: zeros() } };
}

function add(sums, isBorder, at, gradient) {
  const { sum, count } = isBorder ? sums.border : sums.rest;
  sum[at] += gradient;
  count[at]++;
}

/** Over the places that have been both, each with the same weight. */
function ratio({ border, rest }) {
  let [top, bottom, met] = [0, 0, 0];
  for (let at = 0; at < border.sum.length; at++) {
    if (border.count[at] === 0 || rest.count[at] === 0) continue;
    top += border.sum[at] / border.count[at];
    bottom += rest.sum[at] / rest.count[at];
    met++;
  }
  return { ratio: top / bottom, met };
}
