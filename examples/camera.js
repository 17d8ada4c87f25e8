/**
 * A camera does not wait: of its pictures as many are restored as the machine manages, the newest first in line, and
 * those that nobody has time for are counted. Here the camera moves a window over a picture, 25 times a second.
 *
 *   node examples/camera.js PICTURE FOLDER [FRAMES]
 */
import { join } from "node:path";
import { convertIn, deblurFrames, openEngine, openPool, rawFrame } from "rx-deblur/video";
import { interval, lastValueFrom, map, take, tap } from "rxjs";
import sharp from "sharp";

const [image, folder, frames = "50"] = process.argv.slice(2);
const [width, height] = [64, 48];
const { data, info } = await sharp(image).removeAlpha().raw().toBuffer({ resolveWithObject: true });

/** What the camera sees at its tick number `n`. */
function look(n) {
  const pixels = new Uint8Array(width * height * 3);
  const left = n % (info.width - width);
  for (let y = 0; y < height; y++) {
    const start = (y * info.width + left) * 3;
    pixels.set(data.subarray(start, start + width * 3), y * width * 3);
  }
  return rawFrame(pixels, { width, height, pixFmt: "rgb24" });
}

const camera = interval(40).pipe(take(Number(frames)), map(look));

const engine = await openEngine();
const pool = openPool({ threads: 1 });
let written = 0;
let dropped = 0;
try {
  await lastValueFrom(
    deblurFrames(camera, engine, {
      convert: convertIn(pool),
      maxInFlight: 2,
      policy: "drop",
      onDropped: (count) => {
        dropped = count;
      },
      // Keeps its place until the file is written: a slow disk, too, drops pictures and fills no memory.
      deliver: (frame) =>
        sharp(frame.data, { raw: { width, height, channels: 3 } })
          .png()
          .toFile(join(folder, `${String(written).padStart(4, "0")}.png`)),
    }).pipe(tap(() => written++)),
  );
  console.log(`${written} written, ${dropped} dropped`);
} finally {
  await engine.dispose();
  await pool.close();
}
