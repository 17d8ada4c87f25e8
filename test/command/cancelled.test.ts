/** Tests many runs in one process, cancelled at any call: each leaves nothing, and the next run is unaffected. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { lastValueFrom } from "rxjs";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { deblurFile, openPool } from "../../dist/src/index.js";
import { openCopyEngine, openOnnxEngine } from "../../dist/src/model.js";
import {
  convertIn,
  deblurFrames,
  deblurImagePipe,
  deblurVideo,
  rawFrame,
} from "../../dist/src/video.js";
import { layOutStripTiff } from "../../src/io/formats/tiff/write/strip-tiff.ts";
import { referenceNets } from "../fixtures/reference.ts";
import { countWorkers } from "../helpers/live-workers.ts";
import { openFiles, openFilesTold } from "../helpers/open-files.ts";
import { noiseImage, seeded, turns } from "../operators/fakes.ts";

vi.setConfig({ testTimeout: 240_000 });

const rounds = 8;
let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-cancelled-"));
  const size = { width: 300, height: 200 };
  const shape = { ...size, channels: 3, bits: 8 } as const;
  const noise = sharp(noiseImage(shape).samples as Uint8Array, { raw: shape });
  await noise.clone().png().toFile(at("in.png"));
  await noise.clone().jpeg().toFile(at("in.jpg"));
  await noise.clone().tiff({ tile: true, compression: "deflate" }).toFile(at("in.tif"));
  // 32-bit floats are read by the source of GeoTIFFs.
  const { header } = layOutStripTiff({ ...size, channels: 1, sampleType: "float32" });
  const heights = Float32Array.from({ length: size.width * size.height }, (_, i) => (i * 7) % 97);
  await writeFile(at("geo.tif"), Buffer.concat([header, new Uint8Array(heights.buffer)]));
  const frame = Buffer.concat([Buffer.from("FRAME\n"), Buffer.from(heights.slice(0, 96 * 64))]);
  const frames = Array.from({ length: 40 }, () => frame);
  await writeFile(
    at("in.y4m"),
    Buffer.concat([Buffer.from("YUV4MPEG2 W96 H64 F25:1 Cmono\n"), ...frames]),
  );
});
afterAll(() => rm(folder, { recursive: true }));

/**
 * Copies `object`, so that each call of a function first calls `onCall` with the function's name.
 * `release` is left out: it is synchronous, and no signal arrives in it.
 */
function observed<T extends object>(object: T, onCall: (name: string) => void): T {
  const get = (_: T, name: string & keyof T): unknown => {
    const value = object[name];
    if (typeof value !== "function" || name === "release") return value;
    return (...words: unknown[]) => {
      onCall(name);
      return value.apply(object, words);
    };
  };
  return new Proxy(object, { get: get as NonNullable<ProxyHandler<T>["get"]> });
}

/** An engine that changes nothing, after a short delay. */
const slowCopy = () => {
  const copy = openCopyEngine();
  return {
    ...copy,
    async restore(...call: Parameters<typeof copy.restore>) {
      await turns(5);
      return copy.restore(...call);
    },
  };
};

/** Each kind of run, from its start to its end or cancellation. */
const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });
type Shared = Pick<NonNullable<Parameters<typeof deblurFile>[3]>, "engine" | "pool"> & {
  readonly signal: AbortSignal;
};
const small = { tile: 64, halo: 0 };
const kinds: [string, (context: Shared) => Promise<unknown>][] = [
  ["PNG to PNG", (context) => deblurFile(at("in.png"), at("out.png"), small, context)],
  ["JPEG to JPEG", (context) => deblurFile(at("in.jpg"), at("out.jpg"), small, context)],
  [
    "tiled TIFF to COG and pyramid",
    (context) => {
      const form = { ...small, tile: 192, cog: true, pyramid: "dzi" } as const;
      return deblurFile(at("in.tif"), at("out.tif"), form, context);
    },
  ],
  ["GeoTIFF to GeoTIFF", (context) => deblurFile(at("geo.tif"), at("out.tif"), small, context)],
  [
    "pipe to pipe",
    async (context) => {
      const stdin = Readable.from([await readFile(at("in.png"))]);
      return deblurFile("-", "-", small, { ...context, stdin, stdout: nowhere() });
    },
  ],
  [
    "consecutive images",
    async (context) => {
      const one = await readFile(at("in.png"));
      const stdin = Readable.from([one, one]);
      return deblurImagePipe(small, { ...context, stdin, stdout: nowhere() });
    },
  ],
  ["frames to a file", (context) => deblurVideo(at("in.y4m"), at("out.y4m"), small, context)],
];

openFilesTold.test(
  `what is open after ${rounds * kinds.length} runs of all kinds, cancelled at any call to engine or threads, is what was before`,
  async () => {
    const threads = openPool({ threads: 1 });
    const listener = { onCall: (_name: string): void => {} };
    const onCall = (name: string): void => listener.onCall(name);
    const slow = slowCopy();
    const [engine, pool] = [observed(slow, onCall), observed(threads, onCall)];
    const random = seeded(11);
    /** Removes the outputs of runs that were not cancelled. */
    const clean = async () => {
      for (const name of await readdir(folder))
        if (name.startsWith("out")) await rm(at(name), { recursive: true });
    };
    /** The names of the calls of a run that is not cancelled, in their order. */
    const callsOf = async (run: (context: Shared) => Promise<unknown>) => {
      const calls: string[] = [];
      listener.onCall = (name) => void calls.push(name);
      await run({ engine, pool, signal: new AbortController().signal });
      await clean();
      return calls;
    };
    try {
      const known = new Map<string, readonly string[]>();
      for (const [kind, run] of kinds) known.set(kind, await callsOf(run));
      const before = { files: openFiles(), folder: (await readdir(folder)).sort() };
      for (let round = 0; round < rounds; round++) {
        for (const [kind, run] of kinds) {
          const stop = new AbortController();
          const reason = new Error("stop");
          const calls = known.get(kind) as readonly string[];
          // Even rounds cancel at a call up to the last tile's, where the run must fail; odd rounds at any call.
          const safe = calls.lastIndexOf("restore") + 1;
          let left = Math.floor(random() * (round % 2 === 0 ? safe : calls.length));
          const mayEnd = left >= safe;
          listener.onCall = () => {
            if (left-- === 0) stop.abort(reason);
          };
          const running = run({ engine, pool, signal: stop.signal });
          // The first round cancels while files are opened.
          if (round === 0) stop.abort(reason);
          const outcome = await running.catch((error) => error);
          if (!mayEnd || outcome instanceof Error) expect([kind, outcome]).toEqual([kind, reason]);
          await clean();
          expect([kind, (await readdir(folder)).sort()]).toEqual([kind, before.folder]);
        }
      }
      // An abandoned read may still be in progress.
      await vi.waitFor(() => expect(openFiles()).toEqual(before.files), { timeout: 20_000 });
      await vi.waitFor(() => expect(slow.liveHandles()).toBe(0), { timeout: 20_000 });
    } finally {
      await threads.close();
    }
  },
);

test("returns the source and leaves nothing on the engine when frames are cancelled at any call of the net", async () => {
  const { weightsPath } = referenceNets()[0] as { weightsPath: string };
  const weights = await readFile(weightsPath);
  const net = await openOnnxEngine({ weights, pooling: "tlc", threads: 1 });
  let left = Number.POSITIVE_INFINITY;
  let stop = new AbortController();
  const reason = new Error("stop");
  const engine = observed(net, () => {
    if (left-- === 0) stop.abort(reason);
  });
  const pool = openPool({ threads: 1 });
  const size = { width: 96, height: 64 };
  // Smooth, because noise exceeds the residual limit of a net with random weights.
  const samples = Uint8Array.from({ length: 3 * 96 * 64 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % 96, Math.floor(i / 3 / 96)];
    return 128 + 60 * Math.sin(x / (5 + (i % 3))) * Math.cos(y / 7);
  });
  const frame = rawFrame(samples, { ...size, pixFmt: "rgb24" });
  const options = { convert: convertIn(pool), tile: 64, halo: 16, maxInFlight: 2 };
  const restored = () => lastValueFrom(deblurFrames([frame], engine, options));
  const random = seeded(12);
  const seen = { asked: 0, returned: 0 };
  function* endless() {
    try {
      for (;;) {
        seen.asked++;
        yield frame;
      }
    } finally {
      seen.returned++;
    }
  }
  try {
    const expected = await restored();
    for (let i = 1; i <= 20; i++) {
      stop = new AbortController();
      // A frame has about ten calls.
      left = Math.floor(random() * 40);
      const run = lastValueFrom(
        deblurFrames(endless(), engine, { ...options, signal: stop.signal }),
      );
      expect(await run.catch((error) => error)).toBe(reason);
      const { asked } = seen;
      await turns(2);
      expect(seen).toEqual({ asked, returned: i });
      if (i % 10 === 0) expect((await restored()).data).toEqual(expected.data);
    }
    await vi.waitFor(() => expect(net.liveHandles()).toBe(0), { timeout: 20_000 });
  } finally {
    await net.dispose();
    await pool.close();
  }
});

/** A device thread whose restoration takes 3 s in one native call. */
const busyThread = `
  import { parentPort } from "node:worker_threads";
  parentPort.on("message", ({ call, method }) => {
    const pause = new Int32Array(new SharedArrayBuffer(4));
    if (method === "restore") Atomics.wait(pause, 0, 0, 3000);
    const ready = { alignment: 16, weights: "", version: "1", precision: "float32" };
    parentPort.postMessage({ call, result: method === "ready" ? ready : "answered" });
    if (method === "dispose") parentPort.close();
  });
`;

test("waits for an engine in a native call, because ending it there would crash the process", async () => {
  const workers = countWorkers();
  const entry = new URL(`data:text/javascript,${encodeURIComponent(busyThread)}`);
  const settings = { weights: new Uint8Array(), pooling: "tlc", threads: 1, entry } as const;
  const engine = await openOnnxEngine(settings);
  const tensor = { id: 0, shape: [1, 3, 16, 16] } as const;
  const restoring = engine.restore(tensor, tensor, tensor);
  await engine.dispose();
  expect(await restoring).toBe("answered");
  expect(workers.live()).toBe(0);
  workers.stop();
});

test("disposes an engine once for any number of calls, and refuses later work", async () => {
  const { weightsPath } = referenceNets()[0] as { weightsPath: string };
  const weights = await readFile(weightsPath);
  const engine = await openOnnxEngine({ weights, pooling: "global", threads: 1 });
  const image = await engine.upload(new Float32Array(3 * 16 * 16), 16, 16);
  const codes = engine.estimateKernels(image).catch((error) => error);
  await Promise.all([engine.dispose(), engine.dispose()]);
  await engine.dispose();
  expect(engine.liveHandles()).toBe(0);
  await codes;
  await expect(engine.upload(new Float32Array(3), 1, 1)).rejects.toBeInstanceOf(Error);
});
