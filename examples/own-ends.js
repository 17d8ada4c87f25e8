/**
 * A source and a sink of one's own: samples without a header, 8-bit RGB, as a file far larger than memory may hold
 * them. All that is asked of them are rectangles.
 *
 *   node examples/own-ends.js IN.rgb OUT.rgb WIDTH HEIGHT
 */
import { open } from "node:fs/promises";
import { deblurImage, openEngine } from "rx-deblur";
import { lastValueFrom, tap } from "rxjs";

const [input, output, ...sides] = process.argv.slice(2);
const [width, height] = sides.map(Number);
const [from, to] = [await open(input, "r"), await open(output, "w")];

/** The byte at which a row of a rectangle begins. */
const at = ({ x, y }, row) => ((y + row) * width + x) * 3;

const source = {
  width,
  height,
  channels: 3,
  sampleType: "uint8",
  async read(rect) {
    const samples = new Uint8Array(rect.width * rect.height * 3);
    const line = rect.width * 3;
    for (let row = 0; row < rect.height; row++) {
      const { bytesRead } = await from.read(samples, row * line, line, at(rect, row));
      if (bytesRead < line) throw new Error(`${input} ends before row ${rect.y + row} does`);
    }
    return { width: rect.width, height: rect.height, channels: 3, samples };
  },
};

const sink = {
  /** A block's samples, and what the net changes of them: three planes, 1 being white. */
  async write({ rect, source: { samples }, residual }) {
    const plane = rect.width * rect.height;
    const restored = new Uint8ClampedArray(samples).map(
      (sample, i) => sample + 255 * residual[(i % 3) * plane + Math.floor(i / 3)],
    );
    const line = rect.width * 3;
    for (let row = 0; row < rect.height; row++)
      await to.write(restored, row * line, line, at(rect, row));
  },
};

const engine = await openEngine();
try {
  const told = tap(({ tilesDone, tilesTotal }) => console.log(`${tilesDone} of ${tilesTotal}`));
  await lastValueFrom(deblurImage(source, sink, engine, { tile: 256 }).pipe(told));
} finally {
  await engine.dispose();
  await from.close();
  await to.close();
}
