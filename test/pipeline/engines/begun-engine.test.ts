/** Tests that an image's ends open while the engine still loads its graphs, and that its tiles wait. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterEach, beforeEach, expect, it } from "vitest";
import { deblurFile } from "../../../dist/src/pipeline/run/deblur-file.js";
import { WeightsError } from "../../../src/errors.ts";
import { openCopyEngine } from "../../../src/model/engines/copy.ts";
import { beginDeviceEngine, openDeviceEngine } from "../../../src/model/engines/device-engine.ts";
import { chooseEngine } from "../../../src/pipeline/engines/choose-engine.ts";
import { completeOptions } from "../../../src/pipeline/options/complete-options.ts";
import { countWorkers } from "../../helpers/live-workers.ts";

const entry = new URL("../../../dist/src/model/engines/device-worker.js", import.meta.url);
const weightsPath = fileURLToPath(
  new URL("../../fixtures/ufpnet-micro-k7.weights.safetensors", import.meta.url),
);
const device = { backend: "onnx", entry, pooling: "tlc", threads: 1 } as const;

let folder: string;
let input: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-begun-"));
  input = join(folder, "in.png");
  const grain = Uint8Array.from({ length: 3 * 40 * 24 }, (_, i) => (i * 7919) % 251);
  await sharp(grain, { raw: { width: 40, height: 24, channels: 3 } })
    .png()
    .toFile(input);
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs with an engine whose identity is known at once and that opens on request; records the calls in order. */
function runWith(ready: Promise<void>, events: string[]) {
  const copy = openCopyEngine();
  const engine = {
    ...copy,
    upload(...given: Parameters<typeof copy.upload>) {
      events.push("tile");
      return copy.upload(...given);
    },
    async dispose() {
      events.push("disposed");
    },
  };
  return deblurFile(
    input,
    join(folder, "out.png"),
    { tile: 48, halo: 16 },
    {
      openEngine: async () => ({ engine, preset: undefined, ready }),
      onStart: () => events.push("ends are open"),
    },
  );
}

it("opens an image's ends before the engine is open, and starts its first tile afterwards", async () => {
  const events: string[] = [];
  let open = () => {};
  const ready = new Promise<void>((resolve) => {
    open = () => {
      events.push("engine is open");
      resolve();
    };
  });
  const run = runWith(ready, events);
  await expect.poll(() => events, { timeout: 20_000 }).toEqual(["ends are open"]);
  // Time in which a tile that does not wait would start.
  await new Promise((resolve) => setTimeout(resolve, 50));
  open();
  await run;
  expect(events).toEqual(["ends are open", "engine is open", "tile", "disposed"]);
});

it("ends a run with the error of an engine that fails to open, without any tile or output", async () => {
  const events: string[] = [];
  const ready = Promise.reject(new Error("no graph"));
  ready.catch(() => {});
  await expect(runWith(ready, events)).rejects.toThrow("no graph");
  expect(events.filter((what) => what !== "ends are open")).toEqual(["disposed"]);
  expect(await readdir(folder)).toEqual(["in.png"]);
});

it("knows an engine's identity before it is open, and answers earlier calls once it is", async () => {
  const { engine, ready } = await beginDeviceEngine({
    ...device,
    weights: await readFile(weightsPath),
  });
  const events: string[] = [];
  const waiting = ready.then(() => events.push("open"));
  expect(engine.kernelField?.size).toBe(7);
  const image = await engine.upload(new Float32Array(3 * 16 * 16), 16, 16);
  events.push("uploaded");
  expect(image.shape).toEqual([1, 3, 16, 16]);
  await waiting;
  expect(events).toEqual(["open", "uploaded"]);
  await engine.dispose();
});

it("opens the same engine for weights that arrive later, and fails if they fail", async () => {
  const bytes = await readFile(weightsPath);
  const late = new Promise<Uint8Array>((resolve) => setTimeout(resolve, 100, bytes));
  const engine = await openDeviceEngine({ ...device, weights: late });
  const usual = await openDeviceEngine({ ...device, weights: bytes });
  expect(engine.identity).toEqual(usual.identity);
  await Promise.all([engine.dispose(), usual.dispose()]);
  const threads = countWorkers();
  const never = new Promise<Uint8Array>((_, reject) =>
    setTimeout(reject, 50, new WeightsError("cut short")),
  );
  await expect(openDeviceEngine({ ...device, weights: never })).rejects.toThrow("cut short");
  expect(threads.live()).toBe(0);
  threads.stop();
});

it("reports an error of the weights before one of the engine", async () => {
  const options = { ...completeOptions({}), engine: "onnx-directml", weights: "/nowhere" } as const;
  await expect(chooseEngine(options, () => {})).rejects.toThrow("/nowhere: no such file");
});
