/** Tests `deblur train restore` for MIMO-UNet and MPRNet, plain and with kernels, and that `deblur` runs the results. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NetConfig } from "../../src/model/config.ts";
import { initialWeights } from "../../src/model/training/initial-weights.ts";
import { configMetadata } from "../../src/model/weights/metadata.ts";
import { readSafetensors } from "../../src/model/weights/safetensors.ts";
import { configOf } from "../../src/model/weights/weights.ts";
import { writeSafetensors } from "../../src/model/weights/write-safetensors.ts";
import { runDeblur } from "../helpers/run-deblur.ts";
import { imageOf, noise, samplesOf } from "../io/sources/images.ts";

const common = { kernelStride: 1, trainPatch: 256, middleBlocks: 0 } as const;
const plain = { ...common, keBase: 0, kernelSize: 0 } as const;
const ufpnet: NetConfig = {
  ...{ width: 2, keBase: 2, kernelSize: 5, kernelStride: 4, trainPatch: 16 },
  ...{ encoderBlocks: [1, 1, 1, 2], middleBlocks: 1, decoderBlocks: [1, 1, 1, 1] },
};
const mimoUnet: NetConfig = {
  ...plain,
  ...{ restorer: "mimo-unet", width: 4, encoderBlocks: [1, 1, 1], decoderBlocks: [1, 1, 1] },
};
const mprNet: NetConfig = {
  ...plain,
  ...{ restorer: "mprnet", width: 4, encoderBlocks: [2, 2, 2], decoderBlocks: [2, 2, 2] },
  mprnet: { growth: 2, extraWidth: 4, groupBlocks: 1, reduction: 2 },
};

const image = { width: 48, height: 40, channels: 3, bits: 8 } as const;

let folder: string;
const patience = 60_000;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "train-restorers-"));
  await mkdir(join(folder, "photos"));
  await imageOf(noise(image, 1), image).toFile(join(folder, "photos", "0.png"));
  for (const [name, config] of Object.entries({ ufpnet, mimoUnet, mprNet })) {
    const bytes = writeSafetensors(initialWeights(config, 3), configMetadata(config), "F32");
    await writeFile(join(folder, `${name}.safetensors`), bytes);
  }
});
afterAll(() => rm(folder, { recursive: true }));

const deblur = (words: string) => runDeblur(words.split(" "), { cwd: folder, patience });
const train = (words: string) =>
  deblur(`train restore --data photos --patch 16 --batch 2 --log-every 1 --iterations 2 ${words}`);
const read = async (path: string) => readSafetensors(await readFile(join(folder, path)));

describe.each([
  ["mimo-unet", "mimoUnet", mimoUnet],
  ["mprnet", "mprNet", mprNet],
] as const)("--net %s", (net, file, config) => {
  it("trains without kernels what deblur runs, on both engines to the same picture", async () => {
    const trained = await train(`--out ${net} --net ${net} --init ${file}.safetensors`);
    expect(trained).toMatchObject({ code: 0, stdout: "" });
    const [before, after] = [
      await read(`${file}.safetensors`),
      await read(`${net}/restore.safetensors`),
    ];
    expect(configOf(after.tensors, after.metadata)).toEqual({ ...config, trainPatch: 16 });
    const same = [...before.tensors].filter(([name, { data }]) => {
      const found = after.tensors.get(name)?.data;
      return found?.every((value, i) => value === data[i]);
    });
    // All but those that a dead ReLU cuts off were changed.
    expect(same.length).toBeLessThan(before.tensors.size / 4);
    expect([...after.tensors.keys()].sort()).toEqual([...before.tensors.keys()].sort());

    const weights = `--weights ${net}/restore.safetensors --on-tile-error fail`;
    for (const engine of ["onnx", "tfjs-wasm"]) {
      const ended = await deblur(
        `photos/0.png -o ${net}-${engine}.png --engine ${engine} ${weights}`,
      );
      expect(ended).toMatchObject({ code: 0 });
    }
    const [onnx, wasm] = await Promise.all(
      ["onnx", "tfjs-wasm"].map((engine) => samplesOf(join(folder, `${net}-${engine}.png`), image)),
    );
    // Values between two levels may be rounded to either.
    const apart = onnx?.filter((level, i) => Math.abs(level - (wasm?.[i] ?? Number.NaN)) > 1);
    expect(apart).toHaveLength(0);
  });

  it("trains with the kernels of another file, which stay as they are", async () => {
    const out = `${net}-kernels`;
    const files = `--init ${file}.safetensors --kernels-from ufpnet.safetensors`;
    expect(await train(`--out ${out} ${files}`)).toMatchObject({ code: 0 });
    const [kernels, after] = [
      await read("ufpnet.safetensors"),
      await read(`${out}/restore.safetensors`),
    ];
    const { keBase, kernelSize, kernelStride } = ufpnet;
    const expected = { ...config, keBase, kernelSize, kernelStride, trainPatch: 16 };
    expect(configOf(after.tensors, after.metadata)).toEqual(expected);
    for (const [name, tensor] of kernels.tensors) {
      if (/^(kernel_extra|flow)\./.test(name)) expect(after.tensors.get(name)).toEqual(tensor);
    }
    const info = await deblur(`info ${out}/restore.safetensors`);
    expect(info.stdout).toMatch(/^net +\S+ with kernel attention: width 4/m);
    const run = `photos/0.png -o ${out}.png --kernels ${out}-kernels.png`;
    const ended = await deblur(`${run} --weights ${out}/restore.safetensors`);
    expect(ended).toMatchObject({ code: 0 });
  });
});

describe("the choice of a restorer", () => {
  it("builds a new one on the kernels of --init, of the size of --preset", async () => {
    const ended = await train("--out new --net mimo-unet --init ufpnet.safetensors --preset lite");
    expect(ended).toMatchObject({ code: 0 });
    const { tensors, metadata } = await read("new/restore.safetensors");
    expect(metadata).toMatchObject({ restorer: "mimo-unet", width: "16", ke_base: "2" });
    expect(configOf(tensors, metadata)).toMatchObject({ kernelSize: 5, kernelStride: 4 });
  });

  it.each([
    ["train flow --out x --net mprnet --iterations 1", /Expected stage restore for --net but/],
    [
      "train kernels --out x --data photos --kernels-from a --iterations 1",
      /Expected stage restore for --kernels-from/,
    ],
    [
      "train restore --out x --data photos --net mprnet --deconvolution --iterations 1",
      /Expected --net nafnet with --deconvolution but received mprnet/,
    ],
    [
      "train restore --out x --data photos --kernels-from a --kernel-source none --iterations 1",
      /--kernels-from or --kernel-source none/,
    ],
    [
      "train restore --out x --data photos --net unet --iterations 1",
      /nafnet, mimo-unet, mprnet.*"unet"/,
    ],
  ])("is refused where options contradict: %s", async (words, message) => {
    const { code, stderr } = await deblur(words);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  it("is refused where the file for kernels has none", async () => {
    const ended = await train("--out x --kernels-from mimoUnet.safetensors");
    expect(ended.stderr).toMatch(/mimoUnet\.safetensors: expected weights with a KE-Net for/);
    expect(ended.code).toBe(65);
  });
});
