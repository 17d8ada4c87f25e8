/**
 * The cost of spreading an image: planning, the tiles' files and the assembly, without the net (engine `copy`), on a
 * TIFF of so many megapixels. The net's own seconds are in the table of presets.
 *
 *     node test/bench/queue-cost.js [megapixels]
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { deblur, measured, temporaryFolder } from "./queue-tools.js";

const megapixels = Number(process.argv[2] ?? 100);
const side = Math.round(Math.sqrt(megapixels * 1e6));
const folder = temporaryFolder();
const size = { width: side, height: side, channels: 3 };
// Noise of a tile, repeated: every tile has structure.
const noise = Buffer.alloc(997 * 991 * 3);
let state = 1;
for (let i = 0; i < noise.length; i++) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  noise[i] = state >>> 24;
}
const pattern = await sharp(noise, { raw: { width: 997, height: 991, channels: 3 } })
  .png()
  .toBuffer();
await sharp({ create: { ...size, background: "black" }, limitInputPixels: false })
  .composite([{ input: pattern, tile: true, blend: "over" }])
  .removeAlpha()
  .tiff({ compression: "none", tile: true, tileWidth: 256, tileHeight: 256, bigtiff: true })
  .toFile(join(folder, "in.tif"));
const bytes = (path) => statSync(join(folder, path)).size / 1e6;
const tree = (path) =>
  readdirSync(join(folder, path), { recursive: true })
    .map((name) => statSync(join(folder, path, name)))
    .filter((found) => found.isFile());

const steps = [
  ["plan", ["plan", "in.tif", "-o", "run", "--engine", "copy", "--compression", "none"]],
  ["tiles", ["run", "run", "--threads", 2, "-q"]],
  ["assembly", ["assemble", "run", "-o", "out.tif", "-q"]],
  ["one process", ["in.tif", "-o", "one.tif", "--engine", "copy", "--compression", "none", "-q"]],
];
for (const [name, words] of steps) {
  const { seconds, cpu } = await measured(deblur(words, { cwd: folder }));
  console.log(
    `${name}: ${seconds.toFixed(1)} s, CPU ${cpu.toFixed(1)} s for ${((side * side) / 1e6).toFixed(0)} MP`,
  );
}
const tiles = tree("run/tiles");
const stored = tiles.reduce((sum, { size: one }) => sum + one, 0) / 1e6;
console.log(
  `input ${bytes("in.tif").toFixed(0)} MB, ${tiles.length} tiles of ${stored.toFixed(0)} MB, output ${bytes("out.tif").toFixed(0)} MB`,
);
