/** Tests `deblur pairs` of the built command: the files of the folder, and the errors. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { completeTable } from "../../src/pipeline/options/complete-options.ts";
import { pairsOptionTable } from "../../src/tools/pairs/pairs-options.ts";
import { readKernels } from "../../src/tools/pairs/read-kernels.ts";
import { runDeblur, signalAtWord } from "../helpers/run-deblur.ts";
import { imageOf, noise } from "../io/sources/images.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-pairs-test-"));
  await mkdir(join(folder, "photos/more"), { recursive: true });
  await put("photos/a.png", 64, 40, 1);
  await put("photos/b.jpg", 50, 60, 2);
  await put("photos/more/a.png", 40, 44, 3);
  await put("one.png", 48, 36, 4);
  await put("thin.png", 48, 12, 5);
  await mkdir(join(folder, "mixed"));
  await put("mixed/good.png", 40, 40, 6);
  await put("mixed/thin.png", 48, 12, 7);
  await writeFile(join(folder, "mixed/text.png"), "no picture");
  await mkdir(join(folder, "empty"));
  await mkdir(join(folder, "taken"));
  await writeFile(join(folder, "taken/precious"), "precious");
  await writeFile(join(folder, "kernel.npy"), npyOf("<f8", [2, 3, 3], [...dot, ...line]));
});
afterAll(() => rm(folder, { recursive: true }));

const dot = [0, 0, 0, 0, 1, 0, 0, 0, 0];
const line = [0, 0, 0, 2, 0, 2, 0, 0, 0];

async function put(name: string, width: number, height: number, seed: number): Promise<void> {
  const picture = { width, height, channels: 3, bits: 8 } as const;
  await imageOf(noise(picture, seed), picture).toFile(join(folder, name));
}

/** Writes a .npy byte by byte, as NumPy does. */
function npyOf(descr: string, shape: readonly number[], values: readonly number[]): Buffer {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(", ")}), }`;
  const header = Buffer.from(`${text.padEnd(117)}\n`);
  const start = Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, header.length, 0]);
  return Buffer.concat([start, header, Buffer.from(Float64Array.from(values).buffer)]);
}

const pairs = (...words: string[]) => runDeblur(["pairs", ...words], { cwd: folder });

/** Returns every file below a folder, by its path. */
async function filesIn(name: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const entry of (await readdir(join(folder, name), { recursive: true })).sort()) {
    const path = join(folder, name, entry);
    if ((await stat(path)).isFile()) files.set(entry, await readFile(path));
  }
  return files;
}

async function pixelsOf(name: string) {
  const { data, info } = await sharp(join(folder, name))
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

/** Reads the tensors of a safetensors file by its published layout. */
async function tensorsOf(name: string) {
  const bytes = Uint8Array.from(await readFile(join(folder, name)));
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(Buffer.from(bytes.subarray(8, 8 + length)).toString());
  const tensor = (of: string) => {
    const {
      shape,
      data_offsets: [begin, end],
      dtype,
    } = header[of];
    expect(dtype).toBe("F32");
    return {
      shape: shape as number[],
      data: new Float32Array(bytes.slice(8 + length + begin, 8 + length + end).buffer),
    };
  };
  return { kernels: tensor("kernels"), shares: tensor("shares") };
}

test("makes pairs from a folder that deblur eval accepts, with descriptive names", async () => {
  const made = await pairs("photos", "-o", "p", "--count", "5", "--seed", "3");
  expect(made).toEqual({ code: 0, stdout: "", stderr: "5 of 5 pairs made: p\n" });
  const names = ["00000-a.png", "00001-b.png", "00002-a.png", "00003-a.png", "00004-b.png"];
  const files = await filesIn("p");
  expect([...files.keys()]).toEqual([
    ...names.map((name) => `blur/${name}`),
    "pairs.json",
    ...names.map((name) => `sharp/${name}`),
  ]);
  // The same image again, with other blur.
  expect(files.get("sharp/00003-a.png")).toEqual(files.get("sharp/00000-a.png"));
  expect(files.get("blur/00003-a.png")).not.toEqual(files.get("blur/00000-a.png"));
  expect((await pixelsOf("p/sharp/00000-a.png")).data).toEqual(
    (await pixelsOf("photos/a.png")).data,
  );
  const words = ["eval", "p", "--engine", "copy", "--tile", "64", "--halo", "16", "--csv"];
  const measured = await runDeblur(words, { cwd: folder });
  expect(measured.code).toBe(0);
  expect(measured.stdout.trim().split("\n")).toHaveLength(6);
});

test("gives the same bytes for a seed with one thread or two, in one run or several", async () => {
  const words = ["--seed", "9", "--gamma", "1,2.2", "--keep-kernels", "--kernel-size", "7"];
  await pairs("photos", "-o", "one", "--count", "6", "--threads", "1", ...words);
  await pairs("photos", "-o", "two", "--count", "6", "--threads", "2", ...words);
  const one = await filesIn("one");
  expect(one.size).toBe(19);
  expect(await filesIn("two")).toEqual(one);
  await pairs("photos", "-o", "bits", "--count", "2", "--threads", "2", ...words);
  await rm(join(folder, "bits/blur/00001-b.png"));
  const more = await pairs("photos", "-o", "bits", "--count", "6", "--threads", "1", ...words);
  expect(more.stderr).toBe("1 of 6 pairs exist\n5 of 6 pairs made: bits\n");
  expect(await filesIn("bits")).toEqual(one);
  await pairs("photos", "-o", "other", "--count", "6", ...words, "--seed", "10");
  expect((await filesIn("other")).get("blur/00000-a.png")).not.toEqual(one.get("blur/00000-a.png"));
}, 180_000);

test.each([
  ["stored numbers", "1", [] as string[]],
  ["light", "2.2", []],
  ["measured kernels", "1", ["--kernels", "kernel.npy"]],
])(
  "blurs the sharp image by ⊗ with the written kernels, up to rounding: %s",
  async (name, gamma, more) => {
    const out = `kept-${name.replace(" ", "-")}`;
    const words = ["--count", "6", "--noise", "0", "--gamma", gamma, "--keep-kernels", ...more];
    const made = await pairs("photos", "-o", out, ...words, "--json");
    expect(made).toMatchObject({ code: 0, stderr: "" });
    const reports = made.stdout
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text));
    expect(reports.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(Math.max(...reports.map(({ kernels }) => kernels))).toBeGreaterThan(1);
    let moved = 0;
    for (const { name: pair, kernels: parts } of reports) {
      const { kernels, shares } = await tensorsOf(`${out}/kernels/${pair}.safetensors`);
      const truth = await pixelsOf(`${out}/sharp/${pair}.png`);
      const blurry = await pixelsOf(`${out}/blur/${pair}.png`);
      const { width, height } = truth;
      const k = more.length > 0 ? 3 : 19;
      expect(kernels.shape).toEqual([parts, k, k]);
      expect(shares.shape).toEqual([parts, height, width]);
      const power = Number(gamma);
      let worst = 0;
      for (let y = 0; y < height; y += 3) {
        for (let x = 0; x < width; x += 5) {
          const c = (x + y) % 3;
          let light = 0;
          for (let j = 0; j < parts; j++) {
            const share = shares.data[(j * height + y) * width + x] as number;
            for (let tap = 0; tap < k * k; tap++) {
              const row = Math.min(height - 1, Math.max(0, y + Math.floor(tap / k) - (k - 1) / 2));
              const column = Math.min(width - 1, Math.max(0, x + (tap % k) - (k - 1) / 2));
              const stored = truth.data[3 * (row * width + column) + c] as number;
              light += share * (kernels.data[j * k * k + tap] as number) * (stored / 255) ** power;
            }
          }
          const found = blurry.data[3 * (y * width + x) + c] as number;
          worst = Math.max(worst, Math.abs(found - 255 * light ** (1 / power)));
          moved = Math.max(
            moved,
            Math.abs(found - (truth.data[3 * (y * width + x) + c] as number)),
          );
        }
      }
      expect(worst).toBeLessThan(0.501);
    }
    expect(moved).toBeGreaterThan(20);
  },
  60_000,
);

test("cuts a rectangle of the chosen side from a larger image, upright from a turned one", async () => {
  await sharp(join(folder, "photos/b.jpg"))
    .withMetadata({ orientation: 6 })
    .toFile(join(folder, "turned.png"));
  const words = ["--size", "32", "--count", "4", "--json"];
  const cut = await pairs("one.png", "turned.png", "-o", "cut", ...words);
  const rects = cut.stdout
    .trim()
    .split("\n")
    .map((text) => JSON.parse(text).rect);
  expect(rects.every(({ width, height }) => width === 32 && height === 32)).toBe(true);
  expect(new Set(rects.map((rect) => JSON.stringify(rect))).size).toBe(4);
  const whole = await pixelsOf("one.png");
  const { data } = await pixelsOf("cut/sharp/00000-one.png");
  const [{ x, y }] = rects;
  for (let row = 0; row < 32; row++) {
    const from = 3 * ((y + row) * whole.width + x);
    expect(data.subarray(96 * row, 96 * (row + 1))).toEqual(whole.data.subarray(from, from + 96));
  }
  await pairs("turned.png", "-o", "upright");
  const { width, height } = await pixelsOf("upright/sharp/00000-turned.png");
  expect([width, height]).toEqual([60, 50]);
});

test("uses a measured kernel unchanged: a point of light becomes it", async () => {
  const point = new Uint8Array(3 * 25 * 25);
  point.fill(240, 3 * (12 * 25 + 12), 3 * (12 * 25 + 12) + 3);
  const raw = { width: 25, height: 25, channels: 3 } as const;
  await sharp(point, { raw }).toFile(join(folder, "point.png"));
  await mkdir(join(folder, "bank"), { recursive: true });
  // An L, which shows any turning or mirroring; its centroid is on the middle pixel of 6×4.
  const shape = [0, 0, 0, 0, 0, 0, 0, 80, 0, 0, 0, 0, 0, 120, 40, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  await sharp(Uint8Array.from(shape), { raw: { width: 6, height: 4, channels: 1 } })
    .toColourspace("b-w")
    .toFile(join(folder, "bank/l.png"));
  const words = ["--kernels", "bank", "--noise", "0"];
  expect(await pairs("point.png", "-o", "points", ...words)).toMatchObject({ code: 0 });
  const { data } = await pixelsOf("points/blur/00000-point.png");
  const at = (x: number, y: number) => data[3 * (y * 25 + x)];
  // out(p) = Σ_d K(d)·x(p + d): a correlation, so the point shows the kernel turned by 180°.
  expect([at(12, 12), at(12, 13), at(11, 12)]).toEqual([120, 80, 40]);
});

describe("a failure is reported in one line with an exit code, and leaves nothing", () => {
  test.each([
    [2, ["photos", "-o", "x", "--kernels", "bank", "--kernel-size", "7"], /but received both/],
    [66, ["empty", "-o", "x"], /^deblur: empty: Expected pictures but found 0 hidden files/],
    [
      65,
      ["photos", "-o", "x", "--kernels", "empty"],
      /^deblur: empty: Expected kernels but found none$/m,
    ],
    [
      73,
      ["photos", "-o", "taken", "--force"],
      /^deblur: taken: holds other files; choose an empty folder or a new one$/m,
    ],
    [73, ["photos", "-o", "one.png"], /^deblur: one\.png: exists and is not a folder$/m],
  ])("%i: %j", async (code, words, message) => {
    const before = await readdir(folder, { recursive: true });
    const ended = await pairs(...words);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toMatch(message);
    expect(ended.stderr.match(/\n/g)).toHaveLength(1);
    expect(await readdir(folder, { recursive: true })).toEqual(before);
  });

  test("is 65 for pictures that are all too small", async () => {
    const before = await readdir(folder, { recursive: true });
    const ended = await pairs("thin.png", "-o", "x");
    expect(ended).toMatchObject({ code: 65, stdout: "" });
    expect(ended.stderr).toMatch(
      /^failed: thin\.png: Expected at least 19×19 pixels but found 48×12\ndeblur: 1 of 1 /,
    );
    expect(await readdir(folder, { recursive: true })).toEqual(before);
  });

  test.each<[Record<string, unknown>, string]>([
    [{ size: 8 }, "Expected an integer from 16 to 4096 for size but received 8"],
    [{ count: 0 }, "Expected an integer from 1 to 1000000 for count but received 0"],
    [{ gamma: "0" }, "Expected numbers from 0.1 to 10, such as 1,2.2, for gamma"],
    [{ gamma: "" }, "Expected numbers from 0.1 to 10"],
    [{ noise: "2" }, "Expected a number from 0 to 1 for noise"],
    [{ noise: "0.1,0.2" }, "Expected a number from 0 to 1 for noise"],
    [{ kernelSize: 8 }, "Expected an odd integer from 3 to 127 for kernelSize but received 8"],
    [{ speed: 1 }, 'Expected the name of an option but received "speed"'],
  ])("%j", (given, message) => {
    expect(() => completeTable(pairsOptionTable, given, (key) => key)).toThrow(message);
  });

  test.each<[string, Buffer | undefined, string]>([
    [
      "cut.npy",
      npyOf("<f8", [2, 3, 3], [...dot, ...line]).subarray(0, 200),
      "Expected 18 values of 8 bytes but found 72 bytes",
    ],
    ["type.npy", npyOf("<c16", [3, 3], dot), "Expected an array in C order of one of <f8, "],
    [
      "other.npy",
      Buffer.from("not an array, but text"),
      "Expected a .npy file but found another kind of file",
    ],
    ["flat.npy", npyOf("<f8", [9], dot), "Expected [k, k] or [n, k, k] but found [9]"],
    [
      "dark.npy",
      npyOf(
        "<f8",
        [3, 3],
        dot.map(() => 0),
      ),
      "expected a value above 0 in kernel 0 but found none",
    ],
    [
      "huge.npy",
      npyOf("<f8", [1, 129], Array(129).fill(1)),
      "Expected kernels of at most 127×127 but found 129×1",
    ],
    [
      "far.npy",
      npyOf(
        "<f8",
        [1, 100],
        Array.from({ length: 100 }, (_, i) => (i < 9 ? 1 : i === 99 ? 0.1 : 0)),
      ),
      "centred, the largest takes 189×189, over 127",
    ],
    ["none.npy", undefined, "no such file"],
    ["text.safetensors", Buffer.from("{}".padStart(40)), "safetensors: "],
    ["text.png", Buffer.from("no picture"), "Expected a PNG"],
    [
      "kernels.mat",
      Buffer.from(""),
      "Expected kernels (.npy, .safetensors, a picture or a folder of pictures) but found kernels.mat",
    ],
  ])("kernels that are none: %s", async (name, bytes, message) => {
    const path = join(folder, name);
    if (bytes) await writeFile(path, bytes);
    await expect(readKernels(path)).rejects.toThrow(message);
    await expect(readKernels(path)).rejects.toThrow(name);
  });
});

test("reports an unusable picture, and continues with the rest", async () => {
  const ended = await pairs("mixed", "-o", "rest");
  expect(ended.code).toBe(65);
  expect(ended.stderr.split("\n")).toEqual([
    expect.stringMatching(/^failed: \S*text\.png: /),
    expect.stringMatching(/^failed: \S*thin\.png: Expected at least 19×19 pixels but found 48×12$/),
    "deblur: 2 of 3 pictures failed",
    "",
  ]);
  expect([...(await filesIn("rest")).keys()]).toEqual([
    "blur/00000-good.png",
    "pairs.json",
    "sharp/00000-good.png",
  ]);
});

test("refuses pairs of other options, and replaces them with --force", async () => {
  await pairs("photos", "-o", "again", "--count", "4");
  const before = await filesIn("again");
  const other = await pairs("photos", "-o", "again", "--seed", "1");
  expect(other).toMatchObject({ code: 2, stdout: "" });
  expect(other.stderr).toMatch(
    /^deblur: Expected what the pairs in again were made with but received --seed 0, now 1; give that, another --output, or --force\. Try/,
  );
  expect(await filesIn("again")).toEqual(before);
  const forced = await pairs("photos", "-o", "again", "--seed", "1", "--force");
  expect(forced).toMatchObject({ code: 0, stderr: "3 of 3 pairs made: again\n" });
  const after = await filesIn("again");
  expect(after.size).toBe(7);
  expect(after.get("blur/00000-a.png")).not.toEqual(before.get("blur/00000-a.png"));
});

test("leaves whole pairs when stopped, and resumes", async () => {
  const words = ["photos", "-o", "stopped", "--count", "300", "--size", "64", "--threads", "1"];
  const stopped = await runDeblur(["pairs", ...words, "--json"], {
    cwd: folder,
    env: signalAtWord("SIGINT", "{"),
  });
  expect(stopped.code).toBe(130);
  const files = await filesIn("stopped");
  const blurry = [...files.keys()].filter((path) => path.startsWith("blur/"));
  expect(blurry.length).toBeGreaterThan(0);
  expect(blurry.length).toBeLessThan(300);
  expect(files.size).toBe(2 * blurry.length + 1);
  const next = await pairs(...words.with(4, `${blurry.length + 1}`));
  expect(next.stderr).toContain(`${blurry.length} of ${blurry.length + 1} pairs exist`);
});
