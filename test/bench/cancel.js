/**
 * Cancelled at random moments: how soon that is heard, how soon the device is free again, and whether anything is
 * left. One picture as an image, as a file and as frames, with the bundled net.
 *
 *   node test/bench/cancel.js [CANCELS]        in a built clone, on Linux; 50 of each unless said
 *
 * `told` is from the abort to the rejection; `free` to the moment the engine answers another call: of an image and of
 * frames, whose engine is shared. A file's run has an engine and threads of its own, and ends when all is closed.
 */
import { mkdtemp, readdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bufferSink, bufferSource, deblurFile, deblurImage, openEngine, openPool } from "rx-deblur";
import { openStream } from "rx-deblur/model";
import { convertIn, deblurFrames, rawFrame } from "rx-deblur/video";
import { lastValueFrom } from "rxjs";
import sharp from "sharp";

const [cancels = 50] = process.argv.slice(2).map(Number);
const street = fileURLToPath(new URL("../../examples/street.png", import.meta.url));
const [width, height, tile] = [512, 384, 256];
const random = openStream({ seed: 5, purpose: "order", index: 0 });
const folder = await mkdtemp(join(tmpdir(), "deblur-cancel-"));
const [input, output] = [join(folder, "in.png"), join(folder, "out.png")];
await sharp(street).extract({ left: 60, top: 0, width, height }).toFile(input);
const samples = new Uint8Array(await sharp(input).removeAlpha().raw().toBuffer());
const picture = { width, height, channels: 3, samples };

let workers = 0;
process.on("worker", (worker) => {
  workers++;
  worker.once("exit", () => workers--);
});

const engine = await openEngine();
const pool = openPool();
const options = { tile, convert: convertIn(pool) };

function* frames() {
  for (;;) yield rawFrame(samples, { width, height, pixFmt: "rgb24" });
}

/** Each runs until it is aborted, or has done what takes about as long as one picture. */
const runs = {
  image(signal) {
    const source = bufferSource(picture);
    return lastValueFrom(
      deblurImage(source, bufferSink(source), engine, { ...options, ...(signal && { signal }) }),
    );
  },
  frames: (signal) => lastValueFrom(deblurFrames(frames(), engine, { ...options, signal })),
  file: (signal) => deblurFile(input, output, { tile, force: true }, { signal }),
};

const seconds = (from) => (performance.now() - from) / 1000;
const shown = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  const [median, most] = [sorted[sorted.length >> 1], sorted.at(-1)];
  return `median ${(1000 * median).toFixed(0)} ms, most ${(1000 * most).toFixed(0)} ms`;
};

/** One call that costs next to nothing, answered when all before it are. */
async function freed() {
  engine.release(await engine.upload(new Float32Array(3 * 16 * 16), 16, 16));
}

async function bareTile() {
  const begin = performance.now();
  const image = await engine.upload(new Float32Array(3 * tile * tile).fill(0.5), tile, tile);
  const codes = await engine.estimateKernels(image);
  const kernels = await engine.decodeFlow(codes);
  await engine.restore(image, kernels);
  engine.release(image, codes.code, codes.sigma, kernels);
  return seconds(begin);
}

/** What a run must not leave behind. */
async function left() {
  const paths = [];
  for (const fd of await readdir("/proc/self/fd"))
    paths.push(await readlink(`/proc/self/fd/${fd}`).catch(() => "gone"));
  return {
    descriptors: paths.filter((path) => path.startsWith("/") && !path.startsWith("/proc")).length,
    deleted: paths.filter((path) => path.endsWith("(deleted)")).length,
    workers,
    files: (await readdir(folder)).length,
    handles: engine.liveHandles(),
  };
}

try {
  await bareTile();
  const tiles = [];
  for (let i = 0; i < 9; i++) tiles.push(await bareTile());
  console.log(`a bare tile of ${tile}×${tile}: ${shown(tiles)}`);
  const begin = performance.now();
  await runs.image();
  const whole = seconds(begin);
  for (const [name, run] of Object.entries(runs)) {
    const before = JSON.stringify(await left());
    const [told, free, shares] = [[], [], []];
    let finished = 0;
    for (let i = 0; i < cancels; i++) {
      const stop = new AbortController();
      const reason = new Error("stop");
      let at = Number.NaN;
      const timer = setTimeout(
        () => {
          at = performance.now();
          stop.abort(reason);
        },
        1000 * whole * random.uniform(),
      );
      const outcome = await run(stop.signal).catch((error) => error);
      clearTimeout(timer);
      if (outcome === reason) told.push(seconds(at));
      else if (outcome instanceof Error) throw outcome;
      else {
        finished++;
        await rm(output, { force: true });
        continue;
      }
      if (name === "file") continue;
      await freed();
      free.push(seconds(at));
      // Beside a tile of the same minute: other programs slow down both.
      shares.push(free.at(-1) / (await bareTile()));
    }
    const after = JSON.stringify(await left());
    const share = Math.max(...shares).toFixed(2);
    const freeWords =
      free.length === 0
        ? ""
        : `; free after ${shown(free)}, at most ${share} of the next bare tile`;
    console.log(
      `${name}: ${told.length} cancelled, ${finished} were faster; told after ${shown(told)}${freeWords}`,
    );
    console.log(after === before ? `  nothing left: ${after}` : `  LEFT: ${before} → ${after}`);
    if (after !== before) process.exitCode = 1;
  }
} finally {
  await engine.dispose();
  await pool.close();
  await rm(folder, { recursive: true });
}
