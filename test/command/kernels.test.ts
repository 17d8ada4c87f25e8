/** Tests --kernels and --sigma of the built command with real nets: numbers, images, errors. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openDeviceEngine } from "../../src/model/engines/device-engine.ts";
import { readSafetensors } from "../../src/model/weights/safetensors.ts";
import { writeSafetensors } from "../../src/model/weights/write-safetensors.ts";
import { referenceNets, tensorOf } from "../fixtures/reference.ts";
import { type Ended, runDeblur } from "../helpers/run-deblur.ts";

const reference = referenceNets()[0];
if (!reference) throw new Error("there is no reference net");
const { weightsPath } = reference;

/** Multiples of 16, so that a whole image is no larger than its pixels. */
const [width, height] = [320, 192];
/** A halo wider than the receptive field of KE-Net, so that a tile predicts the same as the whole image. */
const wide = ["--weights", weightsPath, "--tile", "176", "--halo", "64", "-q"];
const cut = ["--weights", weightsPath, "--tile", "128", "--halo", "16", "-q"];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-kernels-"));
  await image().png().toFile(join(folder, "in.png"));
  const corner = image().extract({ left: 0, top: 0, width: 128, height: 80 });
  await corner.png().toFile(join(folder, "small.png"));
  await image().withMetadata({ orientation: 6 }).jpeg().toFile(join(folder, "turned.jpg"));
});
afterAll(() => rm(folder, { recursive: true }));

const given = ["in.png", "small.png", "turned.jpg", "plain.safetensors", "taken.png"];
beforeEach(async () => {
  for (const name of await readdir(folder)) {
    if (!given.includes(name)) await rm(join(folder, name), { recursive: true });
  }
});

/** A texture without repetitions. */
function image(): Sharp {
  return sharp(pixels(), { raw: { width, height, channels: 3 } });
}

function pixels(): Uint8Array {
  return Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
    return 128 + 60 * Math.sin((x * x) / 900 + c) * Math.cos(y / (5 + x / 60)) + (y >> 2);
  });
}

const quietly = { code: 0, stdout: "", stderr: "" };

const run = (...words: string[]): Promise<Ended> => runDeblur(words, { cwd: folder });

const left = async () => (await readdir(folder)).filter((name) => !given.includes(name)).sort();

/** The net's predictions for the whole image in one piece, by channel: the codes' σ and the kernels. */
async function whole() {
  const engine = await openDeviceEngine({
    backend: "onnx",
    weights: await readFile(weightsPath),
    pooling: "tlc",
    threads: 1,
    entry: new URL("../../dist/src/model/engines/device-worker.js", import.meta.url),
  });
  try {
    const area = width * height;
    const stored = pixels();
    const planar = Float32Array.from(
      { length: 3 * area },
      (_, i) => (stored[(i % area) * 3 + Math.floor(i / area)] as number) / 255,
    );
    const codes = await engine.estimateKernels(await engine.upload(planar, height, width));
    const kernels = await engine.decodeFlow(codes);
    return {
      sigma: await engine.download(codes.sigma),
      kernels: await engine.download(kernels),
    };
  } finally {
    await engine.dispose();
  }
}

describe("numbers", () => {
  test("equal those of the whole image at each point: kernels, sigma and positions", async () => {
    const words = [...wide, "--kernels", "k.safetensors", "--sigma", "s.npy"];
    expect(await run("in.png", "-o", "out.png", ...words)).toEqual(quietly);
    const { tensors, metadata } = readSafetensors(await readFile(join(folder, "k.safetensors")));
    const [kernels, sigma] = [tensorOf(tensors, "kernels"), tensorOf(tensors, "sigma")];
    const [xs, ys] = [tensorOf(tensors, "x"), tensorOf(tensors, "y")];
    expect(metadata).toEqual({ width: "320", height: "192", spacing: "16" });
    expect([kernels.shape, sigma.shape]).toEqual([
      [12, 20, 7, 7],
      [12, 20],
    ]);
    expect([xs.shape, ys.shape]).toEqual([[20], [12]]);
    const truth = await whole();
    const area = width * height;
    let [worst, worstSigma] = [0, 0];
    for (let point = 0; point < 240; point++) {
      const [x, y] = [xs.data[point % 20] as number, ys.data[Math.floor(point / 20)] as number];
      const cell = y * width + x;
      const uncertain = Math.abs((sigma.data[point] as number) - (truth.sigma[cell] as number));
      worstSigma = Math.max(worstSigma, uncertain);
      for (let tap = 0; tap < 49; tap++) {
        const found = kernels.data[point * 49 + tap] as number;
        worst = Math.max(worst, Math.abs(found - (truth.kernels[tap * area + cell] as number)));
      }
    }
    expect(worst).toBeLessThan(1e-3);
    expect(worstSigma).toBeLessThan(1e-3);
    // A constant field would not show errors of position.
    const spread = (values: Float32Array) => Math.max(...values) - Math.min(...values);
    expect(spread(sigma.data)).toBeGreaterThan(0.1);
    expect(spread(kernels.data.filter((_, i) => i % 49 === 24))).toBeGreaterThan(0.1);

    // Every pixel is a cell of this net.
    const npy = await readFile(join(folder, "s.npy"));
    const start = 10 + npy.readUInt16LE(8);
    expect(npy.toString("latin1", 10, start)).toContain("'shape': (192, 320), }");
    const values = new Float32Array(
      npy.buffer.slice(npy.byteOffset + start, npy.byteOffset + npy.length),
    );
    const errors = values.map((value, i) => Math.abs(value - (truth.sigma[i] as number)));
    expect(errors.reduce((a, b) => Math.max(a, b))).toBeLessThan(1e-3);
  });
});

describe("figures", () => {
  test("appear with the output and do not change it, with the bundled weights too", async () => {
    const bundled = ["small.png", "-q", "--tile", "96", "--halo", "32"];
    const alone = await run(...bundled, "-o", "alone.png");
    const ended = await run(...bundled, "-o", "out.png", "--kernels", "k.webp", "--sigma", "s.jpg");
    expect([alone, ended].map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ""],
      [0, ""],
    ]);
    expect(await left()).toEqual(["alone.png", "k.webp", "out.png", "s.jpg"]);
    expect(await readFile(join(folder, "out.png"))).toEqual(
      await readFile(join(folder, "alone.png")),
    );
    const kernels = await sharp(join(folder, "k.webp")).metadata();
    expect(kernels).toMatchObject({ format: "webp", width: 1024, height: 640, channels: 3 });
    const sigma = await sharp(join(folder, "s.jpg")).metadata();
    expect(sigma).toMatchObject({ format: "jpeg", width: 1024, height: 640 });
    // Strokes are the only colour of the figure.
    const { channels } = await sharp(join(folder, "k.webp")).stats();
    const [red, , blue] = channels;
    expect((red?.mean as number) - (blue?.mean as number)).toBeGreaterThan(1);
  });

  test("are turned with an image whose orientation is turned", async () => {
    const words = ["turned.jpg", "-o", "out.jpg", ...cut, "--kernels", "k.png", "--sigma", "s.png"];
    expect(await run(...words)).toEqual(quietly);
    const kernels = await sharp(join(folder, "k.png")).metadata();
    expect([kernels.width, kernels.height, kernels.orientation]).toEqual([576, 960, undefined]);
    const sigma = await sharp(join(folder, "s.png")).metadata();
    expect([sigma.width, sigma.height]).toEqual([576, 960]);
  });
});

test("reports each file with its content, points and scale", async () => {
  const loud = ["in.png", "-o", "out.png", ...cut.filter((word) => word !== "-q")];
  const drawn = await run(...loud, "--kernels", "k.png", "--sigma", "s.jpg");
  expect(drawn.code).toBe(0);
  const [kernels, sigma] = drawn.stderr.split("\n").slice(-4);
  // 40 pixels of a figure three times as large as the picture are 14 of the picture, and 14 · 0.92 / 7 = 1.84.
  expect(kernels).toBe(
    "k.png: 286 kernels of 7×7 pixels, one every 14 pixels, at 1.84 times their size; PNG of 960×576 pixels",
  );
  expect(sigma).toMatch(
    /^s\.jpg: sigma from [\d.e-]+ \(blue\) to [\d.e-]+ \(yellow\), one a pixel; JPEG of \d+×576 pixels$/,
  );
  const { info } = await sharp(join(folder, "k.png")).toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([960, 576]);

  const words = ["-f", "--kernels", "k.safetensors", "--sigma", "s.npy"];
  const { stderr } = await run(...loud, ...words);
  expect(stderr.split("\n").slice(-4, -2)).toEqual([
    "k.safetensors: kernels [12, 20, 7, 7], sigma [12, 20], float32, one every 16 pixels",
    "s.npy: sigma [192, 320], float32, one a pixel",
  ]);
});

describe("refuses before any work, and leaves nothing behind", () => {
  test("an existing file, which --force replaces", async () => {
    await writeFile(join(folder, "taken.png"), "mine");
    for (const name of ["--kernels", "--sigma"]) {
      const { code, stderr } = await run("in.png", "-o", "out.png", ...cut, name, "taken.png");
      expect(code).toBe(73);
      expect(stderr).toBe("deblur: taken.png: exists already; --force replaces it\n");
      expect(await left()).toEqual([]);
    }
    expect(await readFile(join(folder, "taken.png"), "utf8")).toBe("mine");
    const forced = await run("in.png", "-o", "out.png", ...cut, "--sigma", "taken.png", "--force");
    expect(forced).toEqual(quietly);
    expect((await sharp(join(folder, "taken.png")).metadata()).format).toBe("png");
  });

  test.each([
    [["--kernels", "k.tif"], 2, "Expected a file ending in one of .png"],
    [["--sigma", "out.png"], 2, "Expected a file of its own for sigma"],
    [["--kernels", "k.npy", "--engine", "copy"], 2, "knows motion kernels for kernels"],
    [["--sigma", "s.npy", "--weights", "plain.safetensors"], 2, "knows motion kernels for sigma"],
    [["--sigma", "none/s.png"], 73, "the folder none does not exist; create it first"],
  ])("%j", async (words, expected, message) => {
    // A plain NAFNet: the same weights without the tensors of kernels.
    const { tensors } = readSafetensors(await readFile(weightsPath));
    const plain = [...tensors].filter(([name]) => !/kernel|flow/.test(name));
    const bytes = writeSafetensors(new Map(plain), {}, "F32");
    await writeFile(join(folder, "plain.safetensors"), bytes);
    const { code, stderr } = await run("in.png", "-o", "out.png", ...cut, ...words);
    expect(stderr).toContain(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(code).toBe(expected);
    expect(await left()).toEqual([]);
  });
});

test("leaves no figure when the run fails", async () => {
  const words = ["in.png", "-o", "out.png", ...cut, "--kernels", "k.png", "--sigma", "s.npy"];
  const { tensors, metadata } = readSafetensors(await readFile(weightsPath));
  const wild = new Map(tensors).set("ending.bias", { shape: [3], data: Float32Array.of(9, 9, 9) });
  await writeFile(join(folder, "wild.safetensors"), writeSafetensors(wild, metadata, "F32"));
  const { code } = await run(...words, "--weights", "wild.safetensors");
  expect(code).toBe(1);
  expect(await left()).toEqual(["wild.safetensors"]);
  const copied = await run(...words, "--weights", "wild.safetensors", "--on-tile-error", "copy");
  expect(copied).toEqual(quietly);
  expect(await left()).toEqual(["k.png", "out.png", "s.npy", "wild.safetensors"]);
});

test("prints a line for each point in the example", async () => {
  const example = fileURLToPath(new URL("../../examples/kernel-field.js", import.meta.url));
  const { code, stdout, stderr } = await runDeblur(["small.png", weightsPath, "32"], {
    cwd: folder,
    script: example,
  });
  expect([code, stderr]).toEqual([0, ""]);
  const [head, ...lines] = stdout.trim().split("\n");
  expect(head).toBe("x,y,sigma,across,down");
  expect(lines.map((line) => line.split(",").slice(0, 2).join())).toEqual(
    [24, 56].flatMap((y) => [16, 48, 80, 112].map((x) => `${x},${y}`)),
  );
  expect(lines.join()).not.toMatch(/NaN/);
});
