import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NoInputError, OptionError, OutputError, WeightsError } from "../../../src/errors.ts";
import type { Dtype } from "../../../src/model/weights/floats.ts";
import { formatRanges, rangesField, rangesIn } from "../../../src/model/weights/int8-ranges.ts";
import { readSafetensors } from "../../../src/model/weights/safetensors.ts";
import { writeSafetensors } from "../../../src/model/weights/write-safetensors.ts";
import { type ImportOptions, importWeights } from "../../../src/tools/weights/import-weights.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
const pth = fixture("ufpnet-micro-k7.pth");
const safetensors = fixture("ufpnet-micro-k7.weights.safetensors");

let folder: string;
let output: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "import-weights-"));
  output = join(folder, "out.safetensors");
});
afterEach(() => rm(folder, { recursive: true }));

const settings = {
  width: "4",
  ke_base: "4",
  enc_blk_nums: "[1,1,1,2]",
  middle_blk_num: "1",
  dec_blk_nums: "[1,1,1,1]",
  kernel_size: "7",
  kernel_stride: "1",
  train_patch: "256",
};

/** Fixture weights with other values for intro.bias, in a file. */
async function alteredFile(file: string, values: readonly number[]): Promise<string> {
  const { tensors } = readSafetensors(await readFile(safetensors));
  const altered = new Map(tensors);
  altered.set("intro.bias", { shape: [values.length], data: Float32Array.from(values) });
  const path = join(folder, file);
  await writeFile(path, writeSafetensors(altered, {}, "F32"));
  return path;
}

describe("importing weights", () => {
  it("turns a PyTorch file into safetensors with the same values and the net's settings", async () => {
    await importWeights(pth, output);
    const found = readSafetensors(await readFile(output));
    const { tensors } = readSafetensors(await readFile(safetensors));
    expect(new Map([...found.tensors].sort())).toEqual(new Map([...tensors].sort()));
    expect(found.metadata).toEqual(settings);
    expect(await readdir(folder)).toEqual(["out.safetensors"]);
  });

  it.each([
    ["mimounet.legacy.pkl", { restorer: "mimo-unet", width: "2", enc_blk_nums: "[1,1,1]" }],
    ["mprnet.legacy.pth", { restorer: "mprnet", width: "4", growth: "2", group_blocks: "2" }],
  ])("reads files of other restorers, older than PyTorch 1.6: %s", async (file, fields) => {
    await importWeights(fixture(`restorers/${file}`), output);
    const found = readSafetensors(await readFile(output));
    expect(found.metadata).toMatchObject({ ...fields, kernel_size: "0" });
    await importWeights(output, join(folder, "again"));
    const again = readSafetensors(await readFile(join(folder, "again")));
    expect(again).toEqual(found);
    const metadata = { ...found.metadata, restorer: "nafnet" };
    await writeFile(output, writeSafetensors(found.tensors, metadata, "F32"));
    await expect(importWeights(output, join(folder, "other"))).rejects.toThrow(
      /metadata have restorer "nafnet" but the tensors have restorer m/,
    );
  });

  it("rejects an MPRNet whose blocks have several factors, in one line", async () => {
    const { tensors } = readSafetensors(
      await readFile(fixture("restorers/mprnet-micro.weights.safetensors")),
    );
    const factor = { shape: [1], data: Float32Array.of(0.25) };
    const other = new Map([...tensors, ["sam.body.1.weight", factor] as const]);
    const path = join(folder, "factors");
    await writeFile(path, writeSafetensors(other, {}, "F32"));
    await expect(importWeights(path, output)).rejects.toThrow(
      /factors: expected one PReLU factor in all blocks of an MPRNet but shallow_feat1\.1\.body\.1\.weight is 0\.30.* and sam\.body\.1\.weight is 0\.25$/,
    );
  });

  it("keeps other metadata of safetensors, and accepts a training patch", async () => {
    await importWeights(safetensors, output, { trainPatch: 24 });
    const { metadata } = readSafetensors(await readFile(output));
    expect(metadata).toEqual({ ...settings, train_patch: "24", seed: "5" });
    await importWeights(output, join(folder, "again"));
    const again = readSafetensors(await readFile(join(folder, "again")));
    expect(again.metadata).toEqual(metadata);
  });

  it.each<Dtype>(["F16", "BF16"])("stores %s on request, the flow in full", async (dtype) => {
    await importWeights(pth, output, { dtype });
    const { dtypes } = readSafetensors(await readFile(output));
    for (const [name, found] of dtypes) {
      expect([name, found]).toEqual([name, name.startsWith("flow.") ? "F32" : dtype]);
    }
  });

  it("drops int8 ranges of the windowed restorer where another patch changes its window, keeps the others", async () => {
    const { tensors } = readSafetensors(await readFile(safetensors));
    const graph = {
      convs: "0123456789abcdef",
      ranges: [{ input: [-1, 2], output: [0, 3] }],
    } as const;
    const ranges = new Map([
      ["estimate-kernels", graph],
      ["restore tlc", graph],
      ["restore global", graph],
    ] as const);
    const calibrated = join(folder, "calibrated.safetensors");
    const metadata = { train_patch: "256", [rangesField]: formatRanges(ranges) };
    await writeFile(calibrated, writeSafetensors(tensors, metadata, "F32"));
    const left = async (options: ImportOptions) => {
      await importWeights(calibrated, output, { ...options, force: true });
      return [...(rangesIn(readSafetensors(await readFile(output)).metadata) ?? [])];
    };
    expect(await left({ trainPatch: 256 })).toEqual([...ranges]);
    expect(await left({ dtype: "F16" })).toEqual([...ranges]);
    expect(await left({ trainPatch: 128 })).toEqual(
      [...ranges].filter(([name]) => name !== "restore tlc"),
    );
  });

  it("replaces an output only with force", async () => {
    await writeFile(output, "mine");
    await expect(importWeights(pth, output)).rejects.toThrow(OutputError);
    expect(await readFile(output, "utf8")).toBe("mine");
    await importWeights(pth, output, { force: true });
    expect(readSafetensors(await readFile(output)).metadata).toEqual(settings);
  });

  it("may replace its own input", async () => {
    await importWeights(pth, output);
    const before = await readFile(output);
    await importWeights(output, output, { force: true });
    expect(before.equals(await readFile(output))).toBe(true);
  });

  it("names the file, and leaves nothing behind, where the weights do not fit", async () => {
    const cases: [string, RegExp][] = [
      [await alteredFile("a", [1, 2, 3]), /a: weights do not fit the net: .*intro\.bias \[3\]/],
      [await alteredFile("b", [1, 2, 3, Number.NaN]), /b: tensor intro\.bias/],
      [fileURLToPath(import.meta.url), /import-weights\.test\.ts: Expected weights /],
    ];
    for (const [input, message] of cases) {
      const importing = importWeights(input, output);
      await expect(importing).rejects.toThrow(message);
      await expect(importing).rejects.toBeInstanceOf(WeightsError);
    }
    const large = await alteredFile("c", [1, 2, 3, 1e5]);
    await expect(importWeights(large, output, { dtype: "F16" })).rejects.toThrow(
      /c: tensor intro\.bias: 100000 is too large for F16/,
    );
    expect((await readdir(folder)).sort()).toEqual(["a", "b", "c"]);
  });

  it("reports an invalid path", async () => {
    await expect(importWeights(join(folder, "none"), output)).rejects.toThrow(NoInputError);
    await expect(importWeights(folder, output)).rejects.toThrow(/is not a regular file/);
    await expect(importWeights(pth, join(folder, "no", "out"))).rejects.toThrow(/does not exist/);
    await mkdir(join(folder, "taken"));
    await expect(importWeights(pth, join(folder, "taken"), { force: true })).rejects.toThrow(
      /is a directory/,
    );
    await symlink(join(folder, "elsewhere"), join(folder, "link"));
    await expect(importWeights(pth, join(folder, "link"))).rejects.toThrow(OutputError);
  });

  it("refuses options it cannot have", async () => {
    const dtype = "F64" as Dtype;
    await expect(importWeights(pth, output, { dtype })).rejects.toThrow(OptionError);
    await expect(importWeights(pth, output, { trainPatch: 0 })).rejects.toThrow(OptionError);
  });
});
