/** Tests the built command with nets made elsewhere: PyTorch's exporter, the package onnx, TensorFlow.js's format. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-node";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { graphModel, mixing } from "../helpers/graph-model.ts";
import { runDeblur } from "../helpers/run-deblur.ts";

const fixtures = fileURLToPath(new URL("../fixtures/", import.meta.url));
const size = { width: 300, height: 210 };
const area = size.width * size.height;

let folder: string;
let pixels: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-net-"));
  const crop = { left: 400, top: 300, ...size };
  const example = fileURLToPath(new URL("../../examples/street.png", import.meta.url));
  await sharp(example).extract(crop).png().toFile(join(folder, "in.png"));
  pixels = await sharp(join(folder, "in.png")).raw().toBuffer();
  await cp(join(fixtures, "nets"), join(folder, "nets"), { recursive: true });
  await cp(join(fixtures, "nets/planar.onnx"), join(folder, "nets/bad/planar.onnx"));
  await symlink(join(folder, "in.png"), join(folder, "nets/bad/link.data"));
});

afterAll(() => rm(folder, { recursive: true }));

const deblur = (words: readonly string[]) => runDeblur(["in.png", ...words], { cwd: folder });
const planarOf = (bytes: Uint8Array) =>
  Float32Array.from({ length: 3 * area }, (_, i) => {
    const [channel, at] = [Math.floor(i / area), i % area];
    return (bytes[3 * at + channel] as number) / 255;
  });

/** What planar.onnx makes of the whole image at once, in eight bits. */
async function wholeImage(): Promise<Buffer> {
  const session = await ort.InferenceSession.create(join(folder, "nets/planar.onnx"));
  const image = new ort.Tensor("float32", planarOf(pixels), [1, 3, size.height, size.width]);
  const restored = (await session.run({ image }))["restored"]?.data as Float32Array;
  return Buffer.from(
    Array.from({ length: 3 * area }, (_, i) => {
      const value = restored[(i % 3) * area + Math.floor(i / 3)] as number;
      return Math.round(255 * Math.min(1, Math.max(0, value)));
    }),
  );
}

/**
 * Equal within rounding, but for the last two columns and rows: there the nets see zeros beyond the whole image, and its
 * reflection beyond a tile.
 */
async function expectNear(name: string, expected: Uint8Array): Promise<void> {
  const found = await sharp(join(folder, name)).raw().toBuffer();
  expect(found.length).toBe(expected.length);
  let far = 0;
  for (let y = 0; y < size.height - 2; y++) {
    for (let i = 3 * y * size.width; i < 3 * ((y + 1) * size.width - 2); i++) {
      far = Math.max(far, Math.abs((found[i] as number) - (expected[i] as number)));
    }
  }
  expect(far).toBeLessThanOrEqual(1);
  expect(found.equals(pixels)).toBe(false);
}

describe("an ONNX net through tiles gives the whole image's result", () => {
  test.each<[string, string[], RegExp]>([
    ["planar.onnx", ["--tile", "96", "--halo", "16"], /tiles? of 96×96 \(halo 16\)/],
    ["outside.onnx", ["--tile", "96", "--halo", "16"], /of 96×96/],
    ["bytes.onnx", ["--tile", "256"], /of 224×210 \(halo 64\)/],
    ["bytes.onnx", ["--net-range", "0..255", "--tile", "96", "--halo", "16"], /of 96×96/],
    ["halves.onnx", ["--tile", "96", "--halo", "16"], /of 96×96/],
    ["fixed.onnx", [], /2 tiles of 192×210 \(halo 32\)/],
    ["planar.onnx", [], /1 tile of 300×210/],
  ])("%s %j", async (name, words, plan) => {
    const run = await deblur([...words, "--net", `nets/${name}`, "-o", "out.png", "--force"]);
    expect(run).toMatchObject({ code: 0, stdout: "" });
    expect(run.stderr).toMatch(plan);
    await expectNear("out.png", await wholeImage());
  });

  test("within what its pooling spreads, if it needs multiples and pools over the tile", async () => {
    const net = ["--net", "nets/multiple-of-4.onnx"];
    const samplesOf = (name: string) => sharp(join(folder, name)).raw().toBuffer();
    expect(await deblur([...net, "-o", "whole.png"])).toMatchObject({ code: 0 });
    const words = ["--tile", "128", "--halo", "32", "-o", "pooled.png"];
    expect(await deblur([...net, ...words])).toMatchObject({ code: 0 });
    const [whole, tiled] = await Promise.all(["whole.png", "pooled.png"].map(samplesOf));
    const far = new Uint8Array(whole?.map((value, i) => Math.abs(value - (tiled?.[i] ?? 0))) ?? []);
    // It adds a hundredth of the mean colour.
    expect(far.reduce((a, b) => Math.max(a, b), 0)).toBeLessThanOrEqual(3);
  });

  test("in a run's identity: another range is another run", async () => {
    const run = (range: string) =>
      deblur([
        "--net",
        "nets/planar.onnx",
        "--net-range",
        range,
        "--json",
        "-o",
        "json.png",
        "--force",
      ]);
    const plans = await Promise.all(["0..1", "-1..1"].map(run));
    const nets = plans.map(({ stderr }) => JSON.parse(stderr.split("\n")[0] ?? "").engine.net);
    expect(nets).toEqual(["NCHW, 0..1, sides multiples of 8", "NCHW, -1..1, sides multiples of 8"]);
  });
});

describe("a graph model of TensorFlow.js", () => {
  const write = async (name: string, { description, values }: ReturnType<typeof graphModel>) => {
    const place = join(folder, name);
    await mkdir(place);
    await writeFile(join(place, "model.json"), description);
    await writeFile(join(place, "values-1.bin"), values.subarray(0, 18));
    await writeFile(join(place, "values-2.bin"), values.subarray(18));
    return `${name}/model.json`;
  };

  test("computes on wasm, Einsum too", async () => {
    const net = await write("tfjs", graphModel());
    const run = await deblur(["--net", net, "-o", "tfjs.png", "--tile", "96", "--halo", "16"]);
    expect(run).toMatchObject({ code: 0, stdout: "" });
    expect(run.stderr).toContain("engine tfjs-wasm");
    const expected = pixels.map((byte, i) => {
      const [at, channel] = [i - (i % 3), i % 3];
      const mixed = [0, 1, 2].reduce(
        (sum, from) =>
          sum + ((pixels[at + from] as number) / 255) * (mixing[3 * from + channel] as number),
        0,
      );
      return Math.round(Math.min(255, Math.max(0, byte + 25.5 * Math.tanh(mixed))));
    });
    await expectNear("tfjs.png", expected);
  });

  test.each<[string, (description: Record<string, unknown>) => void, RegExp, number]>([
    ["layers", (it) => Object.assign(it, { format: "layers-model" }), /found "layers-model"/, 65],
    ["no-nodes", (it) => Object.assign(it, { modelTopology: {} }), /a part is missing/, 65],
    [
      "unknown",
      ({ modelTopology }) => {
        (modelTopology as { node: { op: string }[] }).node[4] = {
          ...(modelTopology as { node: { op: string }[] }).node[4],
          op: "Deblur",
        };
      },
      /Deblur/,
      65,
    ],
    [
      "elsewhere",
      ({ weightsManifest }) => {
        (weightsManifest as { paths: string[] }[])[0]?.paths.push("../in.png");
      },
      /expected files of the net in its own folder but it names "\.\.\/in\.png"/,
      65,
    ],
    [
      "shard-missing",
      ({ weightsManifest }) => {
        (weightsManifest as { paths: string[] }[])[0]?.paths.push("values-3.bin");
      },
      /values-3\.bin: no such file, which .* needs/,
      66,
    ],
    [
      "longer",
      ({ weightsManifest }) => {
        (weightsManifest as { weights: unknown[] }[])[0]?.weights.push({
          ...{ name: "more", shape: [1000], dtype: "float32" },
        });
      },
      /expected 4040 bytes of values in the files it names but found 40/,
      65,
    ],
    [
      "huge",
      ({ weightsManifest }) => {
        (weightsManifest as { weights: unknown[] }[])[0]?.weights.push({
          ...{ name: "more", shape: [1e5, 1e5], dtype: "float32" },
        });
      },
      /expected at most 2147483647 bytes but the net takes/,
      65,
    ],
  ])("is refused in one line: %s", async (name, change, message, code) => {
    const net = await write(name, graphModel(change));
    await expectRefused(["--net", net], message, code);
  });
});

async function expectRefused(words: string[], message: RegExp, code: number): Promise<void> {
  const before = await readdir(folder);
  const run = await deblur([...words, "-o", "refused.png"]);
  expect(run.stderr.trimEnd().split("\n")).toEqual([expect.stringMatching(message)]);
  expect(run).toMatchObject({ code, stdout: "" });
  expect(await readdir(folder)).toEqual(before);
}

describe("an ONNX net is refused in one line", () => {
  const inner = "its own folder but it names";
  test.each<[string, RegExp, number]>([
    ["one-channel", /Expected an input of 3 channels but found \[1, 1, any, any\]/, 65],
    ["three-dimensions", /Expected an input of one image, .* but found \[3, any, any\]/, 65],
    [
      "unknown-rank-flat",
      /Expected an output of the input's size, .* returned \[1, 23232\] float32/,
      65,
    ],
    ["batch-of-two", /but found \[2, 3, any, any\]/, 65],
    ["two-inputs", /Expected one input, the image, but the net has 2: "image", "depth"/, 65],
    ["integers", /Expected an input of float32 or float16 but it has int64/, 65],
    ["nan", /Expected numbers from the net but it returned NaN or infinity/, 65],
    [
      "double-size",
      /\[1, 3, 88, 88\] float32, but the net returned \[1, 3, 176, 176\] float32/,
      65,
    ],
    [
      "custom-operator",
      /Expected ONNX's own operators but the net needs "org\.example\.Deblur"/,
      65,
    ],
    ["unknown-operator", /cannot load the model: .*Deblurr/, 65],
    ["endless-loop", /Expected a net without loops but it has the operator Loop/, 65],
    ["residual", /it changed a test image by \d+ % of its range, in 0\.\.1 and 0\.\.255/, 65],
    [
      "metadata",
      /Expected 0\.\.1, 0\.\.255, -1\.\.1 for the metadata image_range but found "0\.\.1023"/,
      65,
    ],
    ["absolute-path", new RegExp(`${inner} "/etc/hostname"`), 65],
    ["parent-folder", new RegExp(`${inner} "\\.\\./planar\\.onnx"`), 65],
    ["through-a-link", new RegExp(`${inner} "link\\.data"`), 65],
    ["no-such-file", /gone\.data: no such file, which .*no-such-file\.onnx needs/, 66],
    ["too-short", /expected bytes 0 to 400 of "short\.data" for "two" but it has 4/, 65],
    ["negative-offset", /Expected a number of bytes for "two" but found "-4"/, 65],
  ])("%s", async (name, message, code) => {
    await expectRefused(["--net", `nets/bad/${name}.onnx`], message, code);
  });

  test.each<[string, Uint8Array, RegExp]>([
    ["empty", new Uint8Array(), /Expected an ONNX model but found an empty file/],
    [
      "text",
      Buffer.from("This is no net.\n".repeat(40)),
      /found another kind of file, or a damaged one/,
    ],
    ["json", Buffer.from('{"net": 1}'), /Expected a graph model .* but found no format/],
    ["cut-json", Buffer.from('{"format": "graph-mo'), /but found no JSON/],
  ])("%s", async (name, bytes, message) => {
    await writeFile(join(folder, `${name}.onnx`), bytes);
    await expectRefused(["--net", `${name}.onnx`], message, 65);
  });

  test("cut short", async () => {
    const whole = await readFile(join(folder, "nets/planar.onnx"));
    await writeFile(join(folder, "cut.onnx"), whole.subarray(0, whole.length - 2000));
    await expectRefused(["--net", "cut.onnx"], /found another kind of file, or a damaged one/, 65);
  });

  test("weights, a missing file, a folder", async () => {
    const weights = join(fixtures, "ufpnet-micro-k7.weights.safetensors");
    await expectRefused(["--net", weights], /found safetensors: give them as --weights/, 65);
    const pth = join(fixtures, "ufpnet-micro-k7.pth");
    await expectRefused(["--net", pth], /found a PyTorch file: import it/, 65);
    await expectRefused(["--net", "gone.onnx"], /gone\.onnx: no such file/, 66);
    await expectRefused(["--net", "nets"], /nets: is not a regular file/, 66);
  });

  test("as weights, with the option that takes it", async () => {
    await expectRefused(["--weights", "nets/planar.onnx"], /an ONNX file: give it as --net/, 65);
  });
});

describe("options that contradict a net are refused", () => {
  const net = ["--net", "nets/planar.onnx"];
  test.each<[string[], RegExp]>([
    [["--weights", "w.safetensors"], /Expected --net or --weights but received both/],
    [["--preset", "lite"], /Expected --net or --preset/],
    [["--noise", "1"], /Expected --net or --noise/],
    [["--kernels", "k.npy"], /Expected --net or --kernels/],
    [["--sigma", "s.npy"], /Expected --net or --sigma/],
    [["--precision", "int8"], /Expected --net or --precision/],
    [["--skip-sharp"], /Expected --net or --skip-sharp/],
    [
      ["--engine", "tfjs-wasm"],
      /Expected an engine for nets\/planar\.onnx, .*onnx.*, but received tfjs-wasm/,
    ],
    [["--engine", "copy"], /but received copy/],
    [["--tile", "100"], /a multiple of 16/],
    [["--tile", "32", "--halo", "16"], /for tile.* but received 32|halo/],
  ])("%j", async (words, message) => {
    await expectRefused([...net, ...words], message, 2);
  });

  test("a range without a net", async () => {
    await expectRefused(
      ["--net-range", "0..1"],
      /Expected --net with --net-range but received none/,
      2,
    );
  });

  test("a tile larger than a net's fixed sides", async () => {
    await expectRefused(
      ["--net", "nets/fixed.onnx", "--tile", "512"],
      /Expected at most 256 for tile, the largest this net can have on onnx, but received 512/,
      2,
    );
  });
});

describe("eval and report", () => {
  test("restore with a net made elsewhere, and name it", async () => {
    await mkdir(join(folder, "pairs/sharp"), { recursive: true });
    await mkdir(join(folder, "pairs/blur"));
    for (const side of ["sharp", "blur"])
      await cp(join(folder, "in.png"), join(folder, `pairs/${side}/a.png`));
    const net = ["--net", "nets/planar.onnx"];
    const evaluated = await runDeblur(["eval", "pairs", ...net, "--json"], { cwd: folder });
    expect(evaluated.code).toBe(0);
    const [set] = evaluated.stdout.split("\n").map((line) => line && JSON.parse(line));
    expect(set).toMatchObject({
      tile: 512,
      halo: 64,
      engine: { net: "NCHW, 0..1, sides multiples of 8" },
    });
    const made = await runDeblur(["report", "in.png", "-o", "page.html", ...net], { cwd: folder });
    expect(made.code, made.stderr).toBe(0);
    const page = await readFile(join(folder, "page.html"), "utf8");
    expect(page).toContain("NCHW, 0..1, sides multiples of 8");
    expect(page).toContain("planar.onnx");
  });
});

describe("info", () => {
  test("says how a net takes its input, and which tiles suit it", async () => {
    const run = await runDeblur(["info", "nets/halves.onnx"], { cwd: folder });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout.split("\n").map((line) => line.replace(/ {2,}/, ": "))).toEqual([
      "file: nets/halves.onnx",
      "format: ONNX",
      "takes: NHWC, -1..1, sides multiples of 1",
      "parameters: 435",
      expect.stringMatching(/^engine: onnx \(onnxruntime-node [\d.]+\)$/),
      "tile: 512 pixels, halo 64, both multiples of 16",
      expect.stringMatching(/^sha-256: [\da-f]{64}$/),
      'image_range: "-1..1"',
      'image_multiple: "1"',
      "",
    ]);
  });

  test("refuses a net that cannot be used, in one line", async () => {
    const run = await runDeblur(["info", "nets/bad/double-size.onnx"], { cwd: folder });
    expect(run).toMatchObject({ code: 65, stdout: "" });
    expect(run.stderr).toMatch(/^deblur: nets\/bad\/double-size\.onnx: Expected an output .*\n$/);
  });
});
