/** Tests `deblur eval` of the built command: known metrics, table formats, failures, a stop. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reblur } from "../../src/model/blur/reblur.ts";
import { openDeviceEngine } from "../../src/model/engines/device-engine.ts";
import { psnr, ssim, ssim3d } from "../../src/model/measures/metrics.ts";
import { referenceNets } from "../fixtures/reference.ts";
import { runDeblur } from "../helpers/run-deblur.ts";

const fixtures = new URL("../fixtures/metrics/", import.meta.url);
/** Two bands high. */
const [width, height] = [210, 700];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-eval-test-"));
  for (const name of ["known", "tall", "bad", "grey"]) {
    for (const side of ["blur", "sharp"])
      await mkdir(join(folder, name, side), { recursive: true });
  }
  for (const i of [0, 1, 2]) {
    await copyFile(new URL(`${i}_test.png`, fixtures), join(folder, `known/blur/${i}.png`));
    await copyFile(new URL(`${i}_ref.png`, fixtures), join(folder, `known/sharp/${i}.png`));
  }
  await rgb(texture(0)).toFile(join(folder, "tall/blur/a.png"));
  await rgb(texture(9)).toFile(join(folder, "tall/sharp/a.png"));
  await small.clone().toFile(join(folder, "tall/blur/lone.png"));
  await small.clone().toFile(join(folder, "bad/blur/good.png"));
  await small.clone().toFile(join(folder, "bad/sharp/good.png"));
  await copyFile(new URL("0_ref.png", fixtures), join(folder, "bad/blur/odd.png"));
  await small.clone().toFile(join(folder, "bad/sharp/odd.png"));
  await writeFile(join(folder, "bad/blur/text.png"), "no picture");
  await small.clone().toFile(join(folder, "bad/sharp/text.png"));
  await small.clone().toFile(join(folder, "bad/sharp/lone.png"));
  await grey(40).toFile(join(folder, "grey/blur/5,5.png"));
  await grey(45).toFile(join(folder, "grey/sharp/5,5.png"));
});
afterAll(() => rm(folder, { recursive: true }));

function texture(seed: number): Uint8Array {
  return Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
    return 128 + 60 * Math.sin((x * x) / 900 + c) * Math.cos(y / 9) + ((i * (seed + 37)) % 23);
  });
}

const rgb = (samples: Uint8Array) => sharp(samples, { raw: { width, height, channels: 3 } }).png();

const small = sharp({
  create: { width: 64, height: 48, channels: 3, background: "#345678" },
}).png();

/** 16 bits: levels of 8 bits only after rounding. */
const grey = (level: number) =>
  sharp(new Uint16Array(64 * 48).fill(level * 257 + 100), {
    raw: { width: 64, height: 48, channels: 1 },
  })
    .toColourspace("grey16")
    .png();

const evaluate = (...words: string[]) => runDeblur(["eval", ...words], { cwd: folder });

const linesOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("--align", () => {
  test("gives the metrics of the RealBlur protocol, and reports pairs that cannot be aligned", async () => {
    for (const side of ["blur", "sharp"])
      await mkdir(join(folder, "moved", side), { recursive: true });
    const aligned = new URL("../fixtures/aligned/", import.meta.url);
    await copyFile(new URL("0_test.png", aligned), join(folder, "moved/blur/0.png"));
    await copyFile(new URL("0_ref.png", fixtures), join(folder, "moved/sharp/0.png"));
    for (const side of ["blur", "sharp"])
      await small.clone().toFile(join(folder, `moved/${side}/flat.png`));
    const words = ["moved", "--align", "--engine", "copy", "--json"];
    const { stdout, stderr, code } = await evaluate(...words);
    expect(code).toBe(65);
    expect(stderr).toMatch(/flat failed: .*cannot be aligned with its sharp image/);
    const picture = linesOf(stdout).find(({ event }) => event === "picture");
    const { 0: expected } = JSON.parse(await readFile(new URL("expected.json", aligned), "utf8"));
    const { before } = picture.likeness;
    expect(Math.abs(before.psnr - expected.psnr)).toBeLessThan(0.02);
    expect(Math.abs(before.ssim - expected.ssim)).toBeLessThan(1e-3);
    expect(before.ssim3d).toBe(null);
  });
});

describe("an engine that changes nothing", () => {
  test("gains nothing, and gives the metrics of the reference implementations for each image", async () => {
    const { stdout, ...ended } = await evaluate("known", "--engine", "copy", "--json");
    expect(ended).toEqual({ code: 0, stderr: "" });
    const [start, ...lines] = linesOf(stdout);
    const summary = lines.pop();
    expect(start).toMatchObject({
      version: 1,
      event: "set",
      set: "known",
      pictures: 3,
      truth: true,
    });
    const expected = JSON.parse(await readFile(new URL("expected.json", fixtures), "utf8"));
    expect(lines.map(({ name }) => name)).toEqual(["0", "1", "2"]);
    for (const [i, { likeness, gain, reblur, sharpness, ...line }] of lines.entries()) {
      expect(line).toMatchObject({ version: 1, event: "picture", width: 128, height: 96 });
      expect([gain, reblur, sharpness]).toEqual([0, null, null]);
      expect(likeness.after).toEqual(likeness.before);
      expect(Math.abs(likeness.after.psnr - expected[i].psnr)).toBeLessThan(1e-4);
      expect(Math.abs(likeness.after.ssim - expected[i].ssim_gaussian)).toBeLessThan(1e-4);
      expect(Math.abs(likeness.after.ssim3d - expected[i].ssim_3d)).toBeLessThan(1e-4);
    }
    expect(summary).toMatchObject({
      event: "summary",
      pictures: 3,
      failed: 0,
      gain: { mean: 0, low: 0, high: 0, better: 0, worse: 0 },
    });
    const mean =
      (lines[0].likeness.after.psnr + lines[1].likeness.after.psnr + lines[2].likeness.after.psnr) /
      3;
    expect(summary.means.psnr_after).toBeCloseTo(mean, 9);
  });

  test("gives the metrics of the whole image in bands and in tiles", async () => {
    const words = ["tall", "--engine", "copy", "--json", "--tile", "96", "--halo", "16"];
    const { stdout, code } = await evaluate(...words);
    expect(code).toBe(0);
    const { likeness } = linesOf(stdout)[1];
    const [a, b] = [texture(0), texture(9)];
    const size = { width, height, channels: 3, peak: 255 };
    expect(likeness.after.psnr).toBeCloseTo(psnr(a, b, 255), 9);
    expect(likeness.after.ssim).toBeCloseTo(ssim(a, b, size), 9);
    expect(likeness.after.ssim3d).toBeCloseTo(ssim3d(a, b, size), 9);
  });

  test("gives 34.15 dB for a difference of five levels, with 16 bits and in grey too; as table, CSV and Markdown", async () => {
    const csv = await evaluate("grey", "--engine", "copy", "--csv");
    const [head = "", row = "", ...rest] = csv.stdout.trimEnd().split("\n");
    expect([csv.code, rest]).toEqual([0, []]);
    expect(head).toMatch(/^set,picture,width,height,psnr_before,psnr_after,gain,ssim_before,/);
    expect(row).toMatch(/^grey,"5,5",64,48,34\.1514\d*,34\.1514\d*,0,/);
    const markdown = await evaluate("grey", "--engine", "copy", "--markdown");
    expect(markdown.stdout).toContain("| 5,5 | 34.15 | 34.15 | 0.00 |");
    expect(markdown.stdout).toContain("| **mean** | **34.15** | **34.15** | **0.00** |");
    const text = await evaluate("grey", "--engine", "copy");
    expect(text.stdout).toMatch(/^grey: 1 pair; engine copy, /);
    expect(text.stdout).toMatch(/^5,5 +34\.15 +34\.15 +0\.00 /m);
    expect(text.stdout).toMatch(/^mean gain 0\.000 dB, .* 0 better, 0 worse, 1 equal; least: 5,5/m);
  });

  test("gives infinity for equal images, which JSON holds as a text", async () => {
    const { stdout } = await evaluate("bad", "--engine", "copy", "--json", "--limit", "1");
    const [, picture, summary] = linesOf(stdout);
    expect(picture).toMatchObject({
      name: "good",
      gain: 0,
      likeness: { after: { psnr: "Infinity" } },
    });
    expect(summary.gain.mean).toBe(0);
  });
});

test("reports a bad pair, with both names if sizes differ, and measures the rest", async () => {
  const { code, stdout, stderr } = await evaluate("bad", "grey", "--engine", "copy", "--json");
  expect(code).toBe(65);
  const lines = linesOf(stdout);
  expect(lines.map(({ set, event, name }) => [set, event, name])).toEqual([
    ["bad", "set", undefined],
    ["bad", "picture", "good"],
    ["bad", "failed", "odd"],
    ["bad", "failed", "text"],
    ["bad", "summary", undefined],
    ["grey", "set", undefined],
    ["grey", "picture", "5,5"],
    ["grey", "summary", undefined],
  ]);
  expect(lines[2].message).toBe(
    `${join("bad", "blur", "odd.png")}: Expected a pair of one size but found 128×96 RGB, and ` +
      `${join("bad", "sharp", "odd.png")} of 64×48 RGB`,
  );
  expect(lines[4]).toMatchObject({ pictures: 1, failed: 2 });
  expect(stderr).toContain("lone.png has no partner");
  expect(stderr).toContain("2 of 4 pictures failed");
});

test("measures sharpness alone without ground truth", async () => {
  const { code, stdout } = await evaluate("known/blur", "--engine", "copy", "--json");
  expect(code).toBe(0);
  const [start, picture, , , summary] = linesOf(stdout);
  expect(start).toMatchObject({ truth: false, pictures: 3 });
  expect(picture).toMatchObject({ likeness: null, gain: null, reblur: null });
  expect(picture.sharpness.before).toBeGreaterThan(0);
  expect(picture.sharpness.after).toBe(picture.sharpness.before);
  expect(summary.gain).toBeNull();
});

test("re-blurs the restored image with the kernels of the blurry one without ground truth", async () => {
  const [net] = referenceNets();
  if (!net) throw new Error("there is no reference net");
  const words = ["known/blur", "--limit", "1", "--weights", net.weightsPath];
  const { code, stdout, stderr } = await evaluate(...words, "--tile", "144", "--json");
  expect([code, stderr]).toEqual([0, ""]);
  const [start, picture, summary] = linesOf(stdout);
  expect(start).toMatchObject({ truth: false, pictures: 1 });
  expect(picture).toMatchObject({ name: "0", likeness: null, gain: null });
  const blurry = await planes("known/blur/0.png");
  const { kernels, residual } = await seenBy(net.weightsPath, blurry);
  const restored = { ...blurry, values: blurry.values.map((x, i) => x + (residual[i] as number)) };
  const again = reblur(restored, kernels, { kernelSize: 7, border: "reflect" });
  expect(picture.reblur.psnr).toBeCloseTo(psnr(blurry.values, again, 1), 3);
  expect(summary.means.reblur_psnr).toBe(picture.reblur.psnr);

  // The variance of the Laplacian of the grey image, before and after.
  const levels = (of: typeof blurry) => of.values.map((x) => Math.round(255 * x));
  expect(picture.sharpness.before).toBeCloseTo(laplacianVariance(levels(blurry)), 6);
  expect(picture.sharpness.after).toBeCloseTo(laplacianVariance(levels(restored)), 1);
  expect(picture.sharpness.after).not.toBe(picture.sharpness.before);

  const text = await evaluate(...words, "--tile", "144");
  expect(text.stdout).toMatch(/^known\/blur: 1 picture without ground truth/);
});

/** Returns the brightness by BT.601 of planes 128×96 of levels. */
function laplacianVariance(levels: Float32Array): number {
  const [w, h] = [128, 96];
  const at = (x: number, y: number) =>
    [0.299, 0.587, 0.114].reduce(
      (sum, part, c) => sum + part * (levels[(c * h + y) * w + x] ?? 0),
      0,
    );
  const values: number[] = [];
  for (let y = 1; y < h - 1; y++)
    for (let x = 1; x < w - 1; x++)
      values.push(at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) - 4 * at(x, y));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}

test("re-blurs the ground truth with the kernels of the whole image, for any tiles", async () => {
  const [net] = referenceNets();
  if (!net) throw new Error("there is no reference net");
  const words = ["known", "--limit", "1", "--weights", net.weightsPath, "--json", "--baseline"];
  // A halo wider than the receptive field of KE-Net.
  const { code, stdout, stderr } = await evaluate(...words, "--tile", "144", "--halo", "64");
  expect([code, stderr]).toEqual([0, ""]);
  const { reblur: found, likeness, seconds } = linesOf(stdout)[1];
  const [blurry, truth] = [await planes("known/blur/0.png"), await planes("known/sharp/0.png")];
  const { kernels } = await seenBy(net.weightsPath, blurry);
  const again = reblur(truth, kernels, {
    kernelSize: 7,
    border: "reflect",
  });
  expect(found.psnr).toBeCloseTo(psnr(blurry.values, again, 1), 3);
  const interleaved = (of: Float32Array) =>
    of.map((_, i) => of[(i % 3) * (of.length / 3) + Math.floor(i / 3)] as number);
  const size = { width: 128, height: 96, channels: 3, peak: 1 };
  const similarity = ssim(interleaved(blurry.values), interleaved(again), size);
  expect(found.ssim).toBeCloseTo(similarity, 4);
  expect(seconds).toBeGreaterThan(0);
  expect(likeness.baseline.psnr).not.toBe(likeness.before.psnr);
});

async function planes(name: string) {
  const { data, info } = await sharp(join(folder, name))
    .raw()
    .toBuffer({ resolveWithObject: true });
  const area = info.width * info.height;
  const values = Float32Array.from(
    { length: 3 * area },
    (_, i) => (data[(i % area) * 3 + Math.floor(i / area)] as number) / 255,
  );
  return { width: info.width, height: info.height, values };
}

/** The net's input for the whole image, and its residual. */
async function seenBy(weightsPath: string, picture: Awaited<ReturnType<typeof planes>>) {
  const engine = await openDeviceEngine({
    backend: "onnx",
    weights: await readFile(weightsPath),
    pooling: "tlc",
    threads: 1,
    entry: new URL("../../dist/src/model/engines/device-worker.js", import.meta.url),
  });
  try {
    const { width, height, values } = picture;
    const image = await engine.upload(values.slice(), height, width);
    const codes = await engine.estimateKernels(image);
    const field = await engine.decodeFlow(codes);
    const change = await engine.deconvolve(image, field, codes.sigma);
    const { residual } = await engine.restore(image, field, change);
    return { kernels: await engine.download(field), residual };
  } finally {
    await engine.dispose();
  }
}

test("states the limits of the classical baseline", async () => {
  const { stdout } = await evaluate("--help");
  expect(stdout).toMatch(/Richardson–Lucy/);
  expect(stdout).toMatch(/Whyte et al\. 2012, is not implemented/);
});

describe("refuses in one line", () => {
  test.each([
    [["none"], 66, "deblur: none: no such file or folder"],
    [[], 2, "deblur: Expected a folder of pictures but received none"],
    [["known", "--json", "--csv"], 2, "Expected one of --json, --csv, --markdown but received"],
    [["known", "--engine", "copy", "--baseline"], 2, "knows motion kernels for --baseline"],
  ])("%j", async (words, expected, message) => {
    const { code, stdout, stderr } = await evaluate(...words);
    expect([code, stdout]).toEqual([expected, ""]);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });
});

test("stops on a signal and leaves nothing behind", async () => {
  const scratch = join(folder, "scratch");
  await mkdir(scratch);
  const script = fileURLToPath(new URL("../helpers/planted-deblur.js", import.meta.url));
  const { code, stderr } = await runDeblur(
    ["slow", "eval", "tall", "--tile", "48", "--halo", "0", "--in-flight", "1"],
    {
      cwd: folder,
      script,
      env: { TMPDIR: scratch, AT_TILE: "2", SIGNAL: "SIGINT" },
    },
  );
  expect([code, stderr.trimEnd().split("\n").at(-1)]).toEqual([130, "deblur: stopped by SIGINT"]);
  expect(await readdir(scratch)).toEqual([]);
});
