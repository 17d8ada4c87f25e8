/**
 * Tests `deblur train` on other engines than WebAssembly: its errors, and a run on kernels that have only
 * TensorFlow's paddings (a module planted in the place of its package). On real drivers: test/engine.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NetConfig } from "../../src/model/config.ts";
import { initialWeights } from "../../src/model/training/initial-weights.ts";
import { configMetadata } from "../../src/model/weights/metadata.ts";
import { writeSafetensors } from "../../src/model/weights/write-safetensors.ts";
import type { TrainRecord } from "../../src/tools/train/train-log.ts";
import { install } from "../helpers/install.ts";
import { runDeblur } from "../helpers/run-deblur.ts";
import { imageOf, noise } from "../io/sources/images.ts";

const tiny: NetConfig = {
  ...{ width: 2, keBase: 2, kernelSize: 5, kernelStride: 4, trainPatch: 16 },
  ...{ encoderBlocks: [1, 1, 1, 2], middleBlocks: 1, decoderBlocks: [1, 1, 1, 1] },
};

let folder: string;
let bare: string;
let outputs = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-train-engines-"));
  for (const side of ["blur", "sharp"]) {
    await mkdir(join(folder, "pairs", side), { recursive: true });
    const image = { width: 16, height: 16, channels: 3, bits: 8 } as const;
    await imageOf(noise(image, 1), image).toFile(join(folder, "pairs", side, "0.png"));
  }
  const weights = writeSafetensors(initialWeights(tiny, 3), configMetadata(tiny), "F32");
  await writeFile(join(folder, "tiny.safetensors"), weights);
  bare = await install(join(folder, "bare"));
});
afterAll(() => rm(folder, { recursive: true }));

const words = ["--init", "tiny.safetensors", "--patch", "16", "--log-every", "1"];
const pairs = ["--pairs", "pairs", "--batch", "2", "--validate", "pairs"];
const newOut = () => `run-${outputs++}`;

const train = (stage: string, out: string, more: readonly string[], script?: string) =>
  runDeblur(["train", stage, "--out", out, ...words, ...more], {
    ...{ cwd: folder, patience: 60_000 },
    ...(script !== undefined && { script }),
  });

async function lossesOf(out: string): Promise<number[]> {
  const lines = (await readFile(join(folder, out, "log.jsonl"), "utf8")).trim().split("\n");
  return lines.map((line) => (JSON.parse(line) as TrainRecord).loss);
}

describe("an unavailable engine", () => {
  it.each([
    ["tfjs-node", [], "Cannot find package '@tensorflow/tfjs-node'"],
    ["tfjs-node-gpu", [], "Cannot find package '@tensorflow/tfjs-node-gpu'"],
    ["tfjs-webgpu", [], "Cannot find package 'webgpu'"],
    ["tfjs-webgpu", ["--adapter", "some"], "Cannot find package 'webgpu'"],
  ])(
    "%s %j fails in one line with the command, before any file is made",
    async (engine, more, found) => {
      const out = newOut();
      const asked = ["--engine", engine, "--iterations", "1", ...pairs, ...more];
      const { code, stdout, stderr } = await train("restore", out, asked, bare);
      expect({ code, stdout }).toEqual({ code: 69, stdout: "" });
      expect(stderr).toMatch(/^deblur: [^\n]+ \([^\n]+\); needed: [^\n]+; npm install [^\n]+\n$/);
      expect(stderr).toContain(`(${found}`);
      if (engine === "tfjs-webgpu") {
        expect(stderr).toContain(" webgpu@0.6.2 @tensorflow/tfjs-backend-webgpu@4.22.0\n");
      }
      expect(await readdir(folder)).not.toContain(out);
    },
  );

  it("is refused if it computes in software, unless its adapter is named", async () => {
    const core = 'class extends require("@tensorflow/tfjs-core").KernelBackend {}';
    const info = '{ vendor: "", device: "llvmpipe-llvm-", description: "OpenGL ES" }';
    const adapter = `{ info: ${info}, features: new Set(), limits: {} }`;
    const script = await install(join(folder, "software"), {
      modules: {
        "@tensorflow/tfjs-backend-webgpu": `exports.WebGPUBackend = ${core};`,
        webgpu: `exports.globals = {}; exports.create = () => ({ requestAdapter: async () => (${adapter}) });`,
      },
    });
    const asked = ["--engine", "tfjs-webgpu", "--iterations", "1", ...pairs];
    const unnamed = await train("restore", newOut(), asked, script);
    expect(unnamed.code).toBe(69);
    // A machine without any GPU fails with that reason first.
    expect(unnamed.stderr).toMatch(/is a software adapter: llvmpipe|needed: a GPU/);
    const other = await train("restore", newOut(), [...asked, "--adapter", "some"], script);
    expect(other.code).toBe(69);
    expect(other.stderr).toContain('no name contains "some"; found llvmpipe');
  });
});

it.each([
  [
    ["--engine", "tfjs-node", "--workers", "2"],
    "Expected at most 1 --workers for --engine tfjs-node, which divides its work itself, but received 2",
  ],
  [
    ["--adapter", "some"],
    "Expected --engine tfjs-webgpu or tfjs-node-gpu for --adapter but received tfjs-wasm",
  ],
  [["--engine", "onnx"], "Expected one of tfjs-wasm, tfjs-webgpu, tfjs-node, tfjs-node-gpu"],
])("refuses %j", async (more, problem) => {
  const ended = await train("restore", newOut(), ["--iterations", "1", ...pairs, ...more]);
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain(problem);
});

describe("TensorFlow's library", () => {
  let script: string;
  beforeAll(async () => {
    const stub = fileURLToPath(new URL("../helpers/tensorflow-stub.cjs", import.meta.url));
    const planted = await readFile(stub, "utf8");
    const modules = { "@tensorflow/tfjs-node": planted, "@tensorflow/tfjs-node-gpu": planted };
    script = await install(join(folder, "tensorflow"), { modules });
  });

  it.each([
    ["tfjs-node", "flow", ["--batch", "8"]],
    ["tfjs-node", "kernels", pairs],
    ["tfjs-node-gpu", "restore", [...pairs, "--adapter", "gpu"]],
  ])(
    "gives WebAssembly's losses on %s in stage %s, and resumes on that engine alone",
    async (engine, stage, own) => {
      const [there, here] = [newOut(), newOut()];
      const asked = ["--iterations", "2", ...own];
      const on = ["--engine", engine];
      const ended = await train(stage, there, [...asked, ...on], script);
      expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
      expect(ended.stderr).toContain(`engine ${engine}${engine.endsWith("gpu") ? " on GPU" : ""};`);
      const plain = asked.filter((word) => !/adapter|gpu/.test(word));
      expect(await train(stage, here, plain)).toMatchObject({ code: 0 });
      const [found, expected] = [await lossesOf(there), await lossesOf(here)];
      expect(found).toHaveLength(2);
      // The first step depends on the signs of gradients alone, which rounding flips for tiny gradients.
      for (const [i, loss] of found.entries())
        expect(loss / (expected[i] as number)).toBeCloseTo(1, i === 0 ? 5 : 3);

      const other = await train(stage, there, plain, script);
      expect(other.code).toBe(2);
      expect(other.stderr).toMatch(
        new RegExp(`engine ${engine}, now none(; adapter gpu, now none)?; give those, or another`),
      );
      const again = await train(stage, there, [...asked, ...on], script);
      expect(again.stderr).toContain("is already trained for 2 of 2 steps");
    },
  );
});
