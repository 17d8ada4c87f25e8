/**
 * The picture of the README: a part of a picture before and after, side by side, pixel by pixel.
 *
 *   node examples/before-after.js BEFORE AFTER OUT [LEFT TOP WIDTH HEIGHT]
 */
import sharp from "sharp";

const [before, after, out, ...numbers] = process.argv.slice(2);
const [left = 60, top = 0, width = 420, height = 280] = numbers.map(Number);
const part = (path) => sharp(path).extract({ left, top, width, height }).png().toBuffer();

await sharp({ create: { width: 2 * width + 8, height, channels: 3, background: "white" } })
  .composite([
    { input: await part(before), left: 0, top: 0 },
    { input: await part(after), left: width + 8, top: 0 },
  ])
  .png({ palette: true, quality: 95 })
  .toFile(out);
