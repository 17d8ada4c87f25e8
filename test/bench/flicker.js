/**
 * Whether single frames restored one by one flicker: a still scene with noise of its own in every frame goes in, and
 * what changes from frame to frame is compared before and after.
 *
 *   node test/bench/flicker.js [FRAMES] [SIGMA]        in a built clone; 12 frames, σ = 2 of 255 unless said
 *
 * The figure is the temporal standard deviation of what comes out ÷ that of what goes in, each the root of the mean
 * variance over all samples; in 16 bits, so that rounding counts for nothing.
 */
import { fileURLToPath } from "node:url";
import { openStream } from "rx-deblur/model";
import { convertIn, deblurFrames, openEngine, openPool, rawFrame } from "rx-deblur/video";
import { lastValueFrom, toArray } from "rxjs";
import sharp from "sharp";

const [count = 12, sigma = 2] = process.argv.slice(2).map(Number);
const street = fileURLToPath(new URL("../../examples/street.png", import.meta.url));
const engine = await openEngine();
const pool = openPool();

/** Root of the mean over samples of the variance over frames, in 255ths. */
function flicker(frames) {
  const views = frames.map(
    ({ data }) => new Uint16Array(data.buffer, data.byteOffset, data.length / 2),
  );
  const { length } = views[0];
  let sum = 0;
  for (let i = 0; i < length; i++) {
    const values = views.map((view) => view[i] / 257);
    const mean = values.reduce((a, b) => a + b, 0) / count;
    sum += values.reduce((all, value) => all + (value - mean) ** 2, 0) / (count - 1);
  }
  return Math.sqrt(sum / length);
}

try {
  for (const [left, top, width, height] of [
    [60, 0, 256, 192],
    [320, 120, 256, 192],
  ]) {
    const scene = await sharp(street)
      .removeAlpha()
      .extract({ left, top, width, height })
      .raw()
      .toBuffer();
    const noisy = Array.from({ length: count }, (_, index) => {
      const random = openStream({ seed: 1, purpose: "noise", index });
      const samples = Uint16Array.from(scene, (value) =>
        Math.min(65535, Math.max(0, Math.round(257 * (value + sigma * random.normal())))),
      );
      return rawFrame(new Uint8Array(samples.buffer), { width, height, pixFmt: "rgb48le" });
    });
    const options = { convert: convertIn(pool), tile: 256 };
    const sharpened = await lastValueFrom(deblurFrames(noisy, engine, options).pipe(toArray()));
    const [before, after] = [flicker(noisy), flicker(sharpened)];
    console.log(
      `${width}×${height} at (${left}, ${top}), ${count} frames: ${before.toFixed(3)} → ${after.toFixed(3)} of 255, ratio ${(after / before).toFixed(3)}`,
    );
  }
} finally {
  await engine.dispose();
  await pool.close();
}
