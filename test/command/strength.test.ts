/** Tests --strength, --mask and --region of the built command, on images, long runs, shards and videos. */
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inPath, needs } from "../helpers/needs.ts";
import { pipeDeblur } from "../helpers/pipe-deblur.ts";
import { type RunOptions, runDeblur } from "../helpers/run-deblur.ts";
import { seeded } from "../operators/fakes.ts";

/** 60 tiles of 64 with halo 16: more than 32 are kept in files. */
const size = { width: 336, height: 208 };
const cuts = ["--tile", "64", "--halo", "16"];
const fault = "sharpening";
const parts = ["--strength", "0.6", "--mask", "mask.png", "--region", "40,20,200,150"];

let folder: string;
let before: Buffer;
let full: Buffer;
let masked: Buffer;
/** The mask, a byte a pixel. */
let mask: Uint8Array;

const samplesOf = (name: string) => sharp(join(folder, name)).raw().toBuffer();
const deblur = (words: readonly string[], options: Partial<RunOptions> = {}) =>
  runDeblur(words, { cwd: folder, fault, ...options });
const ok = async (words: readonly string[], options: Partial<RunOptions> = {}) => {
  const run = await deblur([...words, "-q"], options);
  expect(run).toEqual({ code: 0, stdout: "", stderr: "" });
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-strength-"));
  const random = seeded(2);
  const values = Uint8Array.from({ length: size.width * size.height * 3 }, () => random() * 256);
  const raw = { raw: { ...size, channels: 3 as const } };
  await sharp(values, raw).png().toFile(join(folder, "in.png"));
  mask = Uint8Array.from({ length: size.width * size.height }, (_, i) => {
    const x = i % size.width;
    return x < 120 ? 0 : x < 220 ? 255 : random() * 256;
  });
  const grey = { raw: { ...size, channels: 1 as const } };
  await sharp(mask, grey).toColourspace("b-w").png().toFile(join(folder, "mask.png"));
  await ok(["in.png", "-o", "full.png", ...cuts]);
  before = await samplesOf("in.png");
  full = await samplesOf("full.png");
  const input = await readFile(join(folder, "in.png"));
  const piped = await pipeDeblur(["-", "-o", "-", ...cuts, ...parts, "-q"], {
    cwd: folder,
    fault,
    input,
  });
  masked = await sharp(piped.stdout).raw().toBuffer();
}, 60_000);

afterAll(() => rm(folder, { recursive: true }));

/** Fails without printing megabytes. */
async function expectMasked(name: string): Promise<void> {
  expect((await samplesOf(name)).equals(masked)).toBe(true);
}

describe("strength, mask and region", () => {
  test("together scale the change of each pixel, and leave the rest bit for bit", () => {
    let [off, untouched] = [0, 0];
    for (let i = 0; i < before.length; i++) {
      const pixel = Math.floor(i / 3);
      const [x, y] = [pixel % size.width, Math.floor(pixel / size.width)];
      const rise = (inside: number) => Math.min(1, Math.max(0, (inside + 0.5) / 16));
      const edges = rise(Math.min(x - 40, 239 - x)) * rise(Math.min(y - 20, 169 - y));
      const share = (0.6 * edges * (mask[pixel] as number)) / 255;
      const [was, is] = [before[i] as number, full[i] as number];
      if (share === 0) {
        expect(masked[i]).toBe(was);
        untouched++;
      } else if (is > 0 && is < 255) {
        off = Math.max(off, Math.abs((masked[i] as number) - (was + share * (is - was))));
      }
    }
    expect(untouched).toBeGreaterThan(before.length / 3);
    expect(off).toBeLessThanOrEqual(0.81);
  });

  test("are the same in a long run, stopped and resumed", async () => {
    const words = ["in.png", "-o", "resumed.png", ...cuts, ...parts];
    const stopped = await deblur(words, { env: { SIGNAL: "SIGINT", AT_TILE: "9" } });
    expect(stopped.code).toBe(130);
    const resumed = await deblur(words);
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toMatch(/resuming: \d+ of 60 tiles are kept/);
    await expectMasked("resumed.png");
  });

  test("belong to the run: kept tiles of others are refused by name", async () => {
    const stopped = ["in.png", "-o", "other.png", ...cuts];
    const env = { SIGNAL: "SIGINT", AT_TILE: "9" };
    expect(await deblur([...stopped, ...parts], { env })).toMatchObject({ code: 130 });
    for (const [words, difference] of [
      [["--strength", "0.5", ...parts.slice(2)], "strength 0.6, not 0.5"],
      [parts.slice(2), "strength 0.6, not none"],
      [[...parts.slice(0, 2), ...parts.slice(4)], "mask"],
      [[...parts.slice(0, 4), "--region", "40,20,200,151"], "height 150, not 151"],
    ] as const) {
      const run = await deblur([...stopped, ...words]);
      expect(run.code).toBe(73);
      expect(run.stderr).toContain(difference);
    }
  });

  test("are the same in shards", async () => {
    for (const words of [
      ["plan", "in.png", "-o", "run", ...cuts, ...parts],
      ["run", "run", "--shard", "1/2"],
      ["run", "run", "--shard", "2/2"],
      ["assemble", "run", "-o", "assembled.png"],
    ]) {
      expect(await deblur(words)).toMatchObject({ code: 0 });
    }
    await expectMasked("assembled.png");
  });

  test("above 1 comes with a warning", async () => {
    const run = await deblur(["in.png", "-o", "strong.png", ...cuts, "--strength", "1.5"]);
    expect(run.code).toBe(0);
    expect(run.stderr).toContain("a strength above 1 exaggerates");
  });

  test("black tiles never reach the engine", async () => {
    const restored = join(folder, "restored");
    const env = { RESTORED: restored };
    const words = ["in.png", "-o", "few.png", ...cuts, "--region", "0,0,32,32", "-q"];
    await ok(words.slice(0, -1), { env, fault: "changing" });
    expect((await readFile(restored, "utf8")).length).toBeLessThan(10);
  });
});

describe("a mask", () => {
  test("of another size is scaled, in JPEG, with alpha, or as TIFF", async () => {
    const half = { width: size.width / 2, height: size.height / 2 };
    const right = Uint8Array.from({ length: half.width * half.height * 4 }, (_, i) => {
      const x = Math.floor(i / 4) % half.width;
      return i % 4 === 3 ? (x < half.width / 2 ? 0 : 255) : 255;
    });
    const image = sharp(right, { raw: { ...half, channels: 4 } });
    await image.clone().png().toFile(join(folder, "alpha.png"));
    await image
      .clone()
      .flatten({ background: "black" })
      .jpeg({ quality: 100 })
      .toFile(join(folder, "half.jpg"));
    await image.clone().flatten({ background: "black" }).tiff().toFile(join(folder, "half.tif"));
    for (const name of ["alpha.png", "half.jpg", "half.tif"]) {
      await ok(["in.png", "-o", "scaled.png", ...cuts, "--mask", name, "--force"]);
      const after = await samplesOf("scaled.png");
      const column = (x: number, from: Buffer) =>
        Array.from({ length: size.height }, (_, y) => from[3 * (y * size.width + x)]);
      expect(column(40, after)).toEqual(column(40, before));
      expect(column(300, after)).toEqual(column(300, full));
    }
  });

  test("and a region are taken as viewers show a turned photograph", async () => {
    // Stored lying on its side, shown upright: 208 wide, 336 high.
    await sharp(join(folder, "in.png"))
      .withMetadata({ orientation: 6 })
      .png()
      .toFile(join(folder, "turned.png"));
    await ok(["turned.png", "-o", "turned-region.png", ...cuts, "--region", "0,0,208,100"]);
    const top = await sharp({
      create: { width: 208, height: 336, channels: 3, background: "black" },
    })
      .composite([
        {
          input: { create: { width: 208, height: 100, channels: 3, background: "white" } },
          top: 0,
          left: 0,
        },
      ])
      .png()
      .toBuffer();
    await writeFile(join(folder, "top.png"), top);
    await ok(["turned.png", "-o", "turned-mask.png", ...cuts, "--mask", "top.png"]);
    for (const name of ["turned-region.png", "turned-mask.png"]) {
      const shown = (file: string) =>
        sharp(join(folder, file)).autoOrient().raw().toBuffer({ resolveWithObject: true });
      const [after, original] = await Promise.all([shown(name), shown("turned.png")]);
      expect(after.info.width).toBe(208);
      const row = (y: number, { data }: { data: Buffer }) =>
        data.subarray(3 * 208 * y, 3 * 208 * (y + 1));
      expect(row(150, after).equals(row(150, original))).toBe(true);
      expect(row(40, after).equals(row(40, original))).toBe(false);
    }
  });
});

describe("a mask that may not be meant", () => {
  test("is reported where it is stretched, or nearly black", async () => {
    const grey = (width: number, height: number, value: number) =>
      sharp({
        create: { width, height, channels: 3, background: { r: value, g: value, b: value } },
      });
    await grey(208, 336, 255).png().toFile(join(folder, "upright.png"));
    await grey(336, 208, 1).png().toFile(join(folder, "ones.png"));
    for (const [name, note] of [
      ["upright.png", "upright.png: a mask of 208×336 is stretched to 336×208"],
      [
        "ones.png",
        "ones.png: the mask's greatest value is 1, and 255 is white: little is restored",
      ],
    ] as const) {
      const run = await deblur(["in.png", "-o", "noted.png", ...cuts, "--mask", name, "--force"]);
      expect([run.code, run.stderr.split("\n").includes(note)]).toEqual([0, true]);
    }
  });

  test("is never replaced by an output, also with --force", async () => {
    const hash = await readFile(join(folder, "mask.png"));
    for (const words of [
      ["-o", "mask.png"],
      ["-o", "./mask.png"],
      ["-o", "other.png", "--engine", "copy", "--sigma", "mask.png"],
    ]) {
      const run = await deblur(["in.png", ...cuts, "--mask", "mask.png", "--force", ...words]);
      expect(run.code).toBe(2);
      expect(run.stderr).toMatch(
        /^deblur: Expected an output other than the mask but received .*\n$/,
      );
    }
    expect((await readFile(join(folder, "mask.png"))).equals(hash)).toBe(true);
  });

  needs("gdal_translate in PATH", inPath("gdal_translate")).test(
    "of a GeoTIFF must cover the same area",
    () => {
      const translate = (name: string, ...words: string[]) =>
        execFileSync("gdal_translate", ["-q", ...words, "in.png", name], { cwd: folder });
      translate("map.tif", "-a_srs", "EPSG:32633", "-a_ullr", "1000", "5000", "1336", "4792");
      translate("same.tif", "-outsize", "50%", "50%", "-a_ullr", "1000", "5000", "1336", "4792");
      translate("shifted.tif", "-a_ullr", "1100", "5000", "1436", "4792");
      return Promise.all(
        [
          ["same.tif", 0],
          ["shifted.tif", 65],
        ].map(async ([name, code]) => {
          const words = ["map.tif", "-o", `${name}-out.tif`, ...cuts, "--mask", `${name}`];
          const run = await deblur(words);
          expect(run.code, run.stderr).toBe(code);
          if (code === 65) expect(run.stderr).toContain("covers another area than the image");
        }),
      ).then(() => {});
    },
  );
});

describe("a video", () => {
  test("has the mask and strength in each frame", async () => {
    const header = `YUV4MPEG2 W${size.width} H${size.height} F25:1 Ip C444\n`;
    const random = seeded(8);
    const frame = () =>
      Buffer.from(
        Uint8Array.from({ length: 3 * size.width * size.height }, () => 16 + random() * 219),
      );
    const frames = [frame(), frame()];
    const bytes = Buffer.concat([
      Buffer.from(header),
      ...frames.flatMap((one) => [Buffer.from("FRAME\n"), one]),
    ]);
    await writeFile(join(folder, "in.y4m"), bytes);
    await ok(["in.y4m", "-o", "out.y4m", ...cuts, "--mask", "mask.png", "--strength", "0.5"]);
    const after = await readFile(join(folder, "out.y4m"));
    const second = after.subarray(after.lastIndexOf("FRAME\n") + 6);
    const rows = (from: Buffer, x: number) =>
      Array.from({ length: size.height }, (_, y) => from[y * size.width + x]);
    expect(rows(second, 60)).toEqual(rows(frames[1] as Buffer, 60));
    expect(rows(second, 170)).not.toEqual(rows(frames[1] as Buffer, 170));
  });
});

describe("refused in one line, with nothing written", () => {
  test.each<[string[], RegExp, number]>([
    [["--strength", "2"], /Expected a number from 0 to 1.5 for --strength but received 2/, 2],
    [["--strength", "half"], /for --strength but received "half"/, 2],
    [["--mask", "gone.png"], /gone\.png: no such file/, 66],
    [["--mask", "text.png"], /text\.png: /, 65],
    [["--mask", "-"], /for --mask but received "-"/, 2],
    [["--region", "1,2,3"], /X,Y,WIDTH,HEIGHT in pixels/, 2],
    [["--region", "0,0,0,10"], /X,Y,WIDTH,HEIGHT in pixels/, 2],
    [
      ["--region", "300,0,100,10"],
      /Expected a region inside 336×208 pixels but received 300,0,100,10/,
      2,
    ],
  ])("%j", async (words, message, code) => {
    await writeFile(join(folder, "text.png"), "no image");
    const files = await readdir(folder);
    const run = await deblur(["in.png", "-o", "refused.png", ...cuts, ...words]);
    expect(run).toMatchObject({ code, stdout: "" });
    expect(run.stderr.trimEnd().split("\n")).toEqual([expect.stringMatching(message)]);
    expect(await readdir(folder)).toEqual(files);
  });
});
