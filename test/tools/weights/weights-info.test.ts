import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WeightsError } from "../../../src/errors.ts";
import { readSafetensors } from "../../../src/model/weights/safetensors.ts";
import { writeSafetensors } from "../../../src/model/weights/write-safetensors.ts";
import { weightsInfo, weightsInfoLines } from "../../../src/tools/weights/weights-info.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
const safetensors = fixture("ufpnet-micro-k7.weights.safetensors");

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "weights-info-"));
  path = join(folder, "weights");
});
afterEach(() => rm(folder, { recursive: true }));

/** The fixture with other metadata. */
async function write(metadata: Record<string, string>): Promise<void> {
  const { tensors } = readSafetensors(await readFile(safetensors));
  const dtype = (name: string) => (name.startsWith("flow.") ? "F32" : "F16");
  await writeFile(path, writeSafetensors(tensors, metadata, dtype));
}

describe("the description of weights", () => {
  it("is the net's settings, its size by parts, and the file's hash", async () => {
    const info = await weightsInfo(safetensors);
    expect(info).toMatchObject({ path: safetensors, preset: undefined, dtypes: { F32: 384 } });
    expect(info.config).toMatchObject({ width: 4, kernelSize: 7, trainPatch: 256 });
    // By hand, from the sizes of its layers (k 7: L 49; hidden 25): five couplings of two nets, five norms.
    const net = 49 * 25 + 25 + (25 * 25 + 25) + 25 * 49 + 49;
    expect(info.parameters.flow).toBe(5 * 2 * net + 5 * 2 * 49);
    expect(info.card).toEqual({});
    // Its linear layers at each of 256×256 cells.
    expect(info.macs.flow).toBe(256 ** 2 * 5 * 2 * (49 * 25 + 25 * 25 + 25 * 49));
    const { kernelEstimator, flow, restorer, total } = info.macs;
    expect(kernelEstimator + flow + restorer).toBe(total);
  });

  it("has the hash sha256sum gives", async () => {
    const digest = "0a562bb70391eeabe08746154fe6278f401ae0e9c52220ce0b8ab658e8520718";
    expect((await weightsInfo(safetensors)).sha256).toBe(digest);
  });

  it("is the same for a PyTorch file of the same net", async () => {
    const { sha256: _, path: __, ...one } = await weightsInfo(fixture("ufpnet-micro-k7.pth"));
    const { sha256: ___, path: ____, ...other } = await weightsInfo(safetensors);
    expect(one).toEqual(other);
  });

  it("names the stored types and the training card", async () => {
    await write({ train_patch: "112", card: '{"data":"GoPro","steps":1900}' });
    const info = await weightsInfo(path);
    expect(info.dtypes).toEqual({ F32: 90, F16: 294 });
    expect(info.config.trainPatch).toBe(112);
    expect(info.card).toEqual({ data: "GoPro", steps: "1900" });
  });

  it.each([
    ["in plain words", "trained by hand", { card: "trained by hand" }],
    ["that is a list", "[1]", { card: "[1]" }],
    ["that is null", "null", { card: "null" }],
  ])("shows a card %s as it is", async (_, card, expected) => {
    await write({ card });
    expect((await weightsInfo(path)).card).toEqual(expected);
  });

  it("has no control characters in its lines", async () => {
    await write({ card: '{"data\\u001b[2J":"a\\nb"}' });
    const lines = weightsInfoLines(await weightsInfo(path));
    const text = lines.join("\n").replace(/[0-9a-f]{64}/, "HASH");
    expect(text.replace(path, "FILE")).toMatchInlineSnapshot(`
      "file         FILE
      preset       none
      net          UFPNet: width 4, KE base 4, encoders [1,1,1,2], middle 1, decoders [1,1,1,1]
      kernels      7×7, one for 1×1 pixels
      train patch  256 pixels
      parameters   0.204 M: KE-Net 0.024 M, flow 0.032 M, restorer 0.147 M
      at 256×256   3.15 G multiply–accumulates: KE-Net 0.507 G, flow 2.02 G, restorer 0.625 G
      tiles        512 pixels, halo 32, multiples of 16
      stored as    F32 (90 tensors), F16 (294 tensors)
      sha-256      HASH
      data�[2J     a�b"
    `);
  });

  it.each([
    [
      "restorers/mimounet.legacy.pkl",
      "MIMO-UNet: width 2, encoders [1,1,1], decoders [1,1,1]",
      "0.006 M",
    ],
    [
      "restorers/mprnet.legacy.pth",
      "MPRNet: width 4 + 2 a level, + 4 in stage 3, 2 blocks a group, reduction 2",
      "0.032 M",
    ],
    ["restorers/mimounet-micro.weights.safetensors", "MIMO-UNet: width 8, ", "0.137 M"],
    [
      "restorers/mprnet-micro.weights.safetensors",
      "MPRNet: width 8 + 4 a level, + 12 in stage 3, 3 blocks a group, reduction 4",
      "0.167 M",
    ],
  ])("names the net and its sizes: %s", async (file, net, parameters) => {
    const lines = weightsInfoLines(await weightsInfo(fixture(file)));
    expect(lines[2]).toContain(net);
    expect(lines[3]).toMatch(/^kernels +none$/);
    expect(lines.find((line) => line.startsWith("parameters"))).toMatch(
      new RegExp(` ${parameters}$`),
    );
  });

  it.each([
    ["restorers/mimounet-micro.weights.safetensors", "multiples of 4", false],
    ["restorers/mprnet-micro.weights.safetensors", "multiples of 8; results depend on", true],
  ])("says which tiles suit the net, and whether results depend on them: %s", async (...row) => {
    const [file, words, dependsOnTile] = row;
    const info = await weightsInfo(fixture(file));
    expect(info.tiles).toMatchObject({ dependsOnTile, usual: { tile: 512, halo: 64 } });
    const line = weightsInfoLines(info).find((text) => text.startsWith("tiles"));
    expect(line).toContain(`512 pixels, halo 64, ${words}`);
  });

  it("counts a factor that all blocks share once, however often it is listed", async () => {
    const { tensors } = readSafetensors(
      await readFile(fixture("restorers/mprnet-micro.weights.safetensors")),
    );
    const factors = [...tensors.keys()].filter((name) => name.endsWith(".body.1.weight"));
    const stored = [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
    const info = await weightsInfo(fixture("restorers/mprnet-micro.weights.safetensors"));
    expect(factors.length).toBeGreaterThan(20);
    expect(info.parameters.total).toBe(stored - (factors.length - 1));
  });

  it("is refused by name where the file is none of ours", async () => {
    await writeFile(path, "no weights at all");
    await expect(weightsInfo(path)).rejects.toThrow(WeightsError);
    await expect(weightsInfo(path)).rejects.toThrow(path);
  });
});
