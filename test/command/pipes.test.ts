/** Tests `-` as input and output of the built command, and that nothing is left behind. */
import type { ChildProcess } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type PipeOptions, pipeDeblur } from "../helpers/pipe-deblur.ts";
import { imageOf, noise } from "../io/sources/images.ts";

const size = { width: 140, height: 100, channels: 3, bits: 8 } as const;
/** Its PNG, 1.2 MB, is larger than the buffer of a pipe. */
const largeSize = { ...size, width: 800, height: 500 } as const;
const copy = ["--engine", "copy", "--tile", "256", "--halo", "16"];
const weights = fileURLToPath(
  new URL("../fixtures/ufpnet-micro-k7.weights.safetensors", import.meta.url),
);

let folder: string;
let scratch: string;
let png: Buffer;
let jpeg: Buffer;
let tiff: Buffer;
let large: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-pipes-"));
  scratch = await mkdtemp(join(tmpdir(), "deblur-scratch-"));
  const image = imageOf(noise(size), size);
  png = await image.clone().png().toBuffer();
  jpeg = await image.clone().jpeg().toBuffer();
  const wide = { ...size, bits: 16 } as const;
  tiff = await imageOf(noise(wide), wide).tiff({ compression: "lzw" }).toBuffer();
  large = await imageOf(noise(largeSize), largeSize).png().toBuffer();
  await writeFile(join(folder, "large.png"), large);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await rm(scratch, { recursive: true });
});

/** Expects no folder of a run, neither beside an output nor among temporary files. */
afterEach(async () => {
  const names = [...(await readdir(folder)), ...(await readdir(scratch))];
  expect(names.filter((name) => name.startsWith("."))).toEqual([]);
});

const deblur = (words: readonly string[], options: Omit<PipeOptions, "cwd" | "env"> = {}) =>
  pipeDeblur([...words, ...copy], { cwd: folder, env: { TMPDIR: scratch }, ...options });

const samples = (image: Buffer | string) =>
  sharp(image, { ignoreIcc: true }).raw({ depth: "ushort" }).toBuffer();

describe("a picture through pipes", () => {
  it.each([
    ["png", () => png, "uchar"],
    ["jpeg", () => jpeg, "uchar"],
    ["tiff", () => tiff, "ushort"],
  ] as const)("keeps the input's format and depth: %s", async (format, input, depth) => {
    const ended = await deblur(["-", "-o", "-", "-q"], { input: input() });
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
    expect(await sharp(ended.stdout).metadata()).toMatchObject({ format, depth, width: 140 });
    if (format === "jpeg") return;
    expect((await samples(ended.stdout)).equals(await samples(input()))).toBe(true);
  });

  it("has the chosen format", async () => {
    const { stdout } = await deblur(["-", "-o", "-", "--format", "tiff"], { input: png });
    expect((await sharp(stdout).metadata()).format).toBe("tiff");
    expect((await samples(stdout)).equals(await samples(png))).toBe(true);
  });

  it("is restored from a pipe to a file, and from a file to a pipe", async () => {
    expect((await deblur(["-", "-qo", "in.tif"], { input: png })).code).toBe(0);
    const { stdout } = await deblur(["in.tif", "-o", "-"]);
    expect((await sharp(stdout).metadata()).format).toBe("tiff");
    expect((await samples(stdout)).equals(await samples(png))).toBe(true);
  });

  it("arrives whole if it is larger than the buffer of a pipe", async () => {
    const { code, stdout } = await deblur(["-", "-o", "-"], { input: large });
    expect(code).toBe(0);
    expect(stdout.length).toBeGreaterThan(2 ** 16);
    expect((await samples(stdout)).equals(await samples(large))).toBe(true);
  });

  it("is reported as standard input and standard output, on standard error", async () => {
    const { stderr } = await deblur(["-", "-o", "-"], { input: png });
    expect(stderr).toMatch(/^standard input: 140×100, 3 × 8 bits; /);
    expect(stderr).toMatch(/\nstandard output: 0\.014 MP in [^\n]*\n$/);
    expect(stderr).not.toContain(scratch);
    const events = (await deblur(["-", "-o", "-", "--json"], { input: png })).stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events[0]).toMatchObject({ event: "start", input: "-", output: "-", file: 1, files: 1 });
    expect(events.at(-1)).toMatchObject({ event: "done", input: "-", output: "-" });
  });
});

describe("a failure is reported in one line, with nothing on standard output", () => {
  it.each([
    [65, "nothing", () => Buffer.alloc(0), /Expected a PNG.* but found an empty file$/],
    [65, "no picture", () => Buffer.from("not a picture"), /but found another kind of file$/],
    [65, "half a picture", () => png.subarray(0, png.length / 2), /damaged or cut short PNG/],
  ])("%i: %s comes in", async (code, _, input, line) => {
    const ended = await deblur(["-", "-o", "-", "-q"], { input: input() });
    expect([ended.code, ended.stdout.length]).toEqual([code, 0]);
    expect(ended.stderr.trimEnd()).toMatch(/^deblur: standard input: [^\n]*$/);
    expect(ended.stderr.trimEnd()).toMatch(line);
  });

  it("stops reading an input that its first bytes exclude", async () => {
    const input = Buffer.alloc(2 ** 17, "y");
    const ended = await deblur(["-", "-o", "x.png", "-q"], { input, endless: true });
    expect(ended.code).toBe(65);
    expect(ended.stderr).toMatch(/^deblur: standard input: Expected a PNG/);
    const many = await deblur(["-", "-o", "x.png", "--max-pixels", "9"], {
      input: large,
      endless: true,
    });
    expect(many.code).toBe(65);
    expect(many.stderr).toMatch(/^deblur: standard input: Expected at most 9 pixels/);
  });

  it("reads a picture to its end if its header is there", async () => {
    // libvips writes the directory of a TIFF after its pixels.
    const late = await imageOf(noise(largeSize), largeSize).tiff({ compression: "lzw" }).toBuffer();
    expect(late.readUInt32LE(4)).toBeGreaterThan(2 ** 16);
    const ended = await deblur(["-", "-o", "-", "-q"], { input: late });
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
    expect((await samples(ended.stdout)).equals(await samples(late))).toBe(true);
  });

  it("sends no part of a picture if a tile fails", async () => {
    const ended = await deblur(["-", "-o", "-", "-q"], { input: large, fault: "failing" });
    expect([ended.code, ended.stdout.length]).toEqual([1, 0]);
  });

  it.each([[["--format", "png", "--quality", "80"]], [["--pyramid", "dzi"]]])(
    "2: %j for standard output",
    async (words) => {
      const ended = await deblur(["-", "-o", "-", ...words], { input: png });
      expect([ended.code, ended.stdout.length]).toEqual([2, 0]);
    },
  );
});

describe("the other end of a pipe", () => {
  it("ends the run without a message when it closes: exit code 141", async () => {
    const ended = await deblur(["-", "-qo", "-"], { input: large, reads: 10 });
    expect([ended.code, ended.stderr]).toEqual([141, ""]);
    expect(ended.stdout.equals(large.subarray(0, 10))).toBe(true);
  });

  it("leaves the run stoppable when it does not read", async () => {
    const ended = await deblur(["-", "-o", "-"], {
      input: large,
      stalled: true,
      // The first bytes have arrived; half a second later the pipe is full.
      during: (child) => {
        child.stdout?.once("readable", () => setTimeout(() => child.kill("SIGTERM"), 500));
      },
    });
    expect(ended.code).toBe(143);
    expect(ended.stderr).toMatch(/\ndeblur: stopped by SIGTERM\n$/);
  });

  it("leaves the run stoppable when it stops writing", async () => {
    const ended = await deblur(["-", "-o", "never.png"], {
      input: png.subarray(0, 100),
      endless: true,
      async during(child) {
        while ((await readdir(folder)).every((name) => !name.startsWith(".never"))) await wait(20);
        child.kill("SIGINT");
      },
    });
    expect(ended).toMatchObject({
      code: 130,
      stderr: "deblur: stopped by SIGINT; nothing was written to never.png\n",
    });
  });

  it.each([[["--help"]], [["--version"]], [["info", weights]]])(
    "may also close early for deblur %j",
    async (words) => {
      const during = (child: ChildProcess) => void child.stdout?.destroy();
      const ended = await pipeDeblur(words, { cwd: folder, during });
      expect([ended.code, ended.stderr]).toEqual([141, ""]);
    },
  );
});

it("leaves the input file unchanged", async () => {
  await deblur(["large.png", "-o", "-"]);
  expect((await readFile(join(folder, "large.png"))).equals(large)).toBe(true);
});
