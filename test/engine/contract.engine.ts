/**
 * What every engine promises, through its thread and with the authors' own tensors (1e-4 of their maximum). Run by
 * run.js on engines by name; one that cannot be had here fails with the line that says why.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine, Pooling } from "../../src/model/engine.ts";
import type { BackendOptions } from "../../src/model/engines/backend.ts";
import { openDeviceEngine } from "../../src/model/engines/device-engine.ts";
import type { BackendName } from "../../src/model/engines/protocol.ts";
import { openTfjsBackend } from "../../src/model/engines/tfjs/open-backend.ts";
import type { Tensor } from "../../src/model/weights/weights.ts";
import { referenceNets, tensorOf } from "../fixtures/reference.ts";
import { error, pseudoRandom } from "../model/compare.ts";
import { channelsFirst, padded, restored } from "../model/reference-tiles.ts";

const names = (process.env["TEST_ENGINES"] ?? "onnx").split(",") as BackendName[];
const tiles = Number(process.env["TEST_TILES"] ?? 60);
const adapter = process.env["TEST_ADAPTER"];
const entry = new URL("../../dist/src/model/engines/device-worker.js", import.meta.url);
const tolerance = 1e-4;
const [net] = referenceNets();
if (!net) throw new Error("there is no reference net");
const { io, weightsPath } = net;
const weights = readFileSync(weightsPath);
const image = padded(tensorOf(io, "input"));
const [, , h = 0, w = 0] = image.shape;

describe.each(names)("the engine %s", (backend) => {
  const open = (pooling: Pooling) =>
    openDeviceEngine({ backend, entry, weights, pooling, threads: 1, adapter });
  const upload = (engine: Engine) => engine.upload(Float32Array.from(image.data), h, w);

  let engine: Engine;
  beforeAll(async () => {
    engine = await open("global");
    console.log(
      `${backend}: ${engine.identity.version}, ${engine.identity.adapter ?? "processor"}`,
    );
  });
  afterAll(() => engine?.dispose());

  test("says who it is", () => {
    const { identity, largestTile } = engine;
    expect(identity).toMatchObject({ engine: backend, noise: undefined, pooling: "global" });
    expect(identity.version).toMatch(/\d+\.\d+/);
    expect(identity.weights).toMatch(/^[0-9a-f]{64}$/);
    if (backend.includes("gpu")) expect(identity.adapter).toMatch(/\S/);
    if (largestTile !== undefined) expect(largestTile % engine.alignment).toBe(0);
  });

  test("predicts the authors' codes and kernels, and restores their picture", async () => {
    const tile = await upload(engine);
    const codes = await engine.estimateKernels(tile);
    const kernels = await engine.decodeFlow(codes);
    const change = await engine.deconvolve(tile, kernels, codes.sigma);
    const { residual, rms } = await engine.restore(tile, kernels, change);
    const held = async (tensor: typeof tile): Promise<Tensor> => ({
      data: await engine.download(tensor),
      shape: tensor.shape,
    });
    const field = (name: string) => channelsFirst(tensorOf(io, name), 49, h, w);
    expect(error(await held(codes.code), field("ke.softmax_code"))).toBeLessThanOrEqual(tolerance);
    expect(error(await held(codes.sigma), tensorOf(io, "ke.sigma"))).toBeLessThanOrEqual(tolerance);
    expect(error(await held(kernels), field("flow.kernels"))).toBeLessThanOrEqual(tolerance);
    const expected = tensorOf(io, "output.noise_free");
    const picture = restored(image, { data: residual, shape: image.shape }, expected);
    expect(error(picture, expected)).toBeLessThanOrEqual(tolerance);
    expect(rms).toBeGreaterThan(0);
    engine.release(tile, codes.code, codes.sigma, kernels, change);
    expect(engine.liveHandles()).toBe(0);
  });

  test("hands out single cells, and refuses those that are not there", async () => {
    const tile = await upload(engine);
    const cells = await engine.sample(tile, [h * w - 1, 0]);
    const at = (c: number, cell: number) => image.data[c * h * w + cell];
    const last = h * w - 1;
    expect(Array.from(cells)).toEqual(
      [0, 1, 2].map((c) => at(c, last)).concat([0, 1, 2].map((c) => at(c, 0))),
    );
    await expect(engine.sample(tile, [h * w])).rejects.toThrow("expected a cell of");
    engine.release(tile);
  });

  test("answers in order, also for what is released while it is read", async () => {
    const tile = await upload(engine);
    const read = engine.download(tile);
    engine.release(tile);
    expect(Array.from(await read)).toEqual(Array.from(image.data));
    await expect(engine.download(tile)).rejects.toThrow("does not exist");
  });

  test(`gives the same for ${tiles} tiles, and grows with none of them`, async () => {
    const [height, width] = [16, 32];
    const one = async () => {
      const tile = await engine.upload(
        pseudoRandom(3 * height * width).map(Math.abs),
        height,
        width,
      );
      const codes = await engine.estimateKernels(tile);
      const kernels = await engine.decodeFlow(codes);
      const change = await engine.deconvolve(tile, kernels, codes.sigma);
      const { residual } = await engine.restore(tile, kernels, change);
      engine.release(tile, codes.code, codes.sigma, kernels, change);
      return residual;
    };
    const first = await one();
    // What is cached is cached by then.
    const warm = Math.max(1, Math.floor(tiles / 5));
    const used: { rss: number; handles: number }[] = [];
    for (let i = 1; i <= tiles; i++) {
      const residual = await one();
      if (i % Math.max(1, Math.floor(tiles / 20)) === 0) {
        expect(error({ data: residual, shape: [] }, { data: first, shape: [] })).toBeLessThan(1e-6);
      }
      if (i >= warm) {
        const handles = process.getActiveResourcesInfo().length;
        used.push({ rss: process.memoryUsage.rss() / 2 ** 20, handles });
      }
    }
    expect(engine.liveHandles()).toBe(0);
    const megabytes = used.map(({ rss }) => Math.round(rss));
    const handles = used.map((use) => use.handles);
    const told = [megabytes[0], megabytes[megabytes.length >> 1], megabytes.at(-1)];
    console.log(
      `${backend}: ${tiles} tiles, RSS ${told.join(" → ")} MB, handles ${handles[0]} → ${handles.at(-1)}`,
    );
    expect(handles.at(-1)).toBeLessThanOrEqual((handles[0] as number) + 2);
    const half = used.length >> 1;
    const mean = (part: typeof used) => part.reduce((sum, { rss }) => sum + rss, 0) / part.length;
    expect(mean(used.slice(half))).toBeLessThan(mean(used.slice(0, half)) + 64);
  });

  test("pools in a window as the authors' local attention does", async () => {
    const local = await open("tlc");
    try {
      const tile = await upload(local);
      const codes = await local.estimateKernels(tile);
      const kernels = await local.decodeFlow(codes);
      const change = await local.deconvolve(tile, kernels, codes.sigma);
      const { residual } = await local.restore(tile, kernels, change);
      expect(residual.every(Number.isFinite)).toBe(true);
    } finally {
      await local.dispose();
    }
  });

  // Of the two on WebGPU this one holds its device itself, so that it can be taken away.
  test.runIf(backend === "tfjs-webgpu")("reports a device lost under a call as such", async () => {
    const backendOptions = {
      weights,
      pooling: "global",
      noise: undefined,
      threads: 1,
      adapter,
      precision: "float32",
    };
    const bare = await openTfjsBackend("tfjs-webgpu", backendOptions as BackendOptions);
    const tile = bare.upload(Float32Array.from(image.data), h, w);
    const underWay = bare.estimateKernels(tile);
    await bare.dispose();
    const lost = { _tag: "DeviceLostError", message: expect.stringMatching(/device is lost/) };
    await expect(underWay).rejects.toMatchObject(lost);
    await expect(bare.estimateKernels(tile)).rejects.toMatchObject(lost);
  });

  test("answers nothing after its end", async () => {
    const ended = await open("global");
    await ended.dispose();
    await expect(upload(ended)).rejects.toMatchObject({ _tag: "UnavailableError" });
    await ended.dispose();
  });
});
