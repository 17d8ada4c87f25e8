import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NoInputError, OptionError, OutputError, WeightsError } from "../../../src/errors.ts";
import type { Pooling } from "../../../src/model/engine.ts";
import { exportOnnx } from "../../../src/tools/weights/export-onnx.ts";
import { referenceNets, tensorOf } from "../../fixtures/reference.ts";

const [reference] = referenceNets();
if (!reference) throw new Error("there is no reference net");
const { io, weightsPath } = reference;
const names = ["estimate-kernels.onnx", "decode-flow.onnx", "restore.onnx"];

let parent: string;
let folder: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "export-onnx-"));
  folder = join(parent, "a", "b");
});
afterEach(() => rm(parent, { recursive: true }));

/** Index of a mirrored position: numpy's `reflect`. */
const mirror = (i: number, size: number) => (i < size ? i : 2 * size - 2 - i);

/** The reference input at the size of the reference output, reflect-padded. */
function paddedInput(): Tensor {
  const { shape, data } = tensorOf(io, "input");
  const [, , height = 0, width = 0] = shape;
  const [, , tall = 0, wide = 0] = tensorOf(io, "output.raw").shape;
  const padded = Float32Array.from({ length: 3 * tall * wide }, (_, i) => {
    const y = mirror(Math.floor(i / wide) % tall, height);
    const plane = Math.floor(i / wide / tall) * height * width;
    return data[plane + y * width + mirror(i % wide, width)] as number;
  });
  return new Tensor("float32", padded, [1, 3, tall, wide]);
}

describe("exporting ONNX", () => {
  it("writes three graphs that give the authors' numbers in ONNX Runtime", async () => {
    const paths = await exportOnnx(weightsPath, folder);
    expect(paths).toEqual(names.map((name) => join(folder, name)));
    expect((await readdir(folder)).sort()).toEqual(names.toSorted());
    const [estimate, decode, restore] = await Promise.all(
      paths.map((path) => InferenceSession.create(path, { logSeverityLevel: 3 })),
    );
    if (!estimate || !decode || !restore) throw new Error("expected three sessions");
    expect([estimate, decode, restore].map((s) => [s.inputNames, s.outputNames])).toEqual([
      [["image"], ["code", "sigma"]],
      [["code", "sigma"], ["kernels"]],
      [["image", "kernels"], ["residual"]],
    ]);

    const image = paddedInput();
    const { code, sigma } = await estimate.run({ image });
    const { kernels } = await decode.run({ code: code as Tensor, sigma: sigma as Tensor });
    const { residual } = await restore.run({ image, kernels: kernels as Tensor });
    const expected = tensorOf(io, "output.raw").data;
    const added = residual?.data as Float32Array;
    const difference = expected.reduce((worst, value, i) => {
      const found = (added[i] as number) + (image.data[i] as number);
      return Math.max(worst, Math.abs(found - value));
    }, 0);
    expect(difference).toBeLessThan(1e-4);
  });

  it("pools in TLC's window on request", async () => {
    await exportOnnx(weightsPath, folder);
    const global = await readFile(join(folder, "restore.onnx"));
    await exportOnnx(weightsPath, folder, { pooling: "tlc", force: true });
    const tlc = await readFile(join(folder, "restore.onnx"));
    expect([global.includes("GlobalAveragePool"), global.includes("CumSum")]).toEqual([
      true,
      false,
    ]);
    expect([tlc.includes("GlobalAveragePool"), tlc.includes("CumSum")]).toEqual([false, true]);
  });

  it("writes none where one exists, and replaces all with force", async () => {
    await exportOnnx(weightsPath, folder);
    await rm(join(folder, "estimate-kernels.onnx"));
    await writeFile(join(folder, "restore.onnx"), "mine");
    await expect(exportOnnx(weightsPath, folder)).rejects.toThrow(OutputError);
    expect((await readdir(folder)).sort()).toEqual(["decode-flow.onnx", "restore.onnx"]);
    expect(await readFile(join(folder, "restore.onnx"), "utf8")).toBe("mine");
    await exportOnnx(weightsPath, folder, { force: true });
    expect((await readdir(folder)).sort()).toEqual(names.toSorted());
    expect((await readFile(join(folder, "restore.onnx"))).length).toBeGreaterThan(100_000);
  });

  it("makes no folder without a net to export", async () => {
    const bad = join(parent, "bad");
    await writeFile(bad, "{}");
    await expect(exportOnnx(bad, folder)).rejects.toThrow(WeightsError);
    await expect(exportOnnx(join(parent, "none"), folder)).rejects.toThrow(NoInputError);
    const pooling = "max" as Pooling;
    await expect(exportOnnx(weightsPath, folder, { pooling })).rejects.toThrow(OptionError);
    expect(await readdir(parent)).toEqual(["bad"]);
  });

  it("reports a folder that cannot be made", async () => {
    const file = fileURLToPath(import.meta.url);
    await expect(exportOnnx(weightsPath, join(file, "x"))).rejects.toThrow(OutputError);
  });
});
