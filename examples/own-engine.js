/**
 * An engine of one's own in the place of the net: here one that sharpens by the difference to the mean of the four
 * neighbours. Tiles, seams, formats and files are as ever. It knows no kernels, so those calls stay those of the
 * engine that changes nothing.
 *
 *   node examples/own-engine.js IN OUT [STRENGTH]
 */
import { deblurFile } from "rx-deblur";
import { openCopyEngine } from "rx-deblur/model";

const [input, output, strength = "0.5"] = process.argv.slice(2);
const copy = openCopyEngine();
const pixelsOf = new Map();

const engine = {
  ...copy,
  identity: { ...copy.identity, engine: "unsharp" },
  async upload(pixels, height, width) {
    const image = await copy.upload(pixels, height, width);
    pixelsOf.set(image.id, pixels);
    return image;
  },
  async restore({ id, shape }) {
    const [, , height, width] = shape;
    const pixels = pixelsOf.get(id);
    const residual = pixels.map((value, i) => {
      const [x, y] = [i % width, Math.floor(i / width) % height];
      const left = x > 0 ? pixels[i - 1] : value;
      const right = x < width - 1 ? pixels[i + 1] : value;
      const above = y > 0 ? pixels[i - width] : value;
      const below = y < height - 1 ? pixels[i + width] : value;
      const sharper = value + Number(strength) * (value - (left + right + above + below) / 4);
      return Math.min(1, Math.max(0, sharper)) - value;
    });
    const squares = residual.reduce((sum, change) => sum + change ** 2, 0);
    return { residual, rms: Math.sqrt(squares / residual.length) };
  },
  release(...tensors) {
    for (const { id } of tensors) pixelsOf.delete(id);
    copy.release(...tensors);
  },
};

const { width, height, tiles } = await deblurFile(input, output, {}, { engine });
console.log(`${output}: ${width}×${height}, ${tiles} tiles, ${engine.liveHandles()} tensors left`);
