/** Tests the built command at the scales: every way of running it gives the same bytes. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pipeDeblur } from "../helpers/pipe-deblur.ts";
import { type Ended, type RunOptions, runDeblur } from "../helpers/run-deblur.ts";
import { seeded } from "../operators/fakes.ts";

/** 7 × 5 cells, each a tile: more than 32 tiles are kept in files. */
const size = { width: 900, height: 660 };
const tiles = 35;
const cuts = ["--tile", "256", "--halo", "32"];
const auto = ["--scale", "auto", ...cuts];
const fault = "sharpening";

let folder: string;
/** The samples of the image as written in one process, which blends in memory. */
let whole: Buffer;

const samplesOf = (bytes: Buffer | string) => sharp(bytes).raw().toBuffer();
const deblur = (words: readonly string[], options: Partial<RunOptions> = {}): Promise<Ended> =>
  runDeblur(words, { cwd: folder, fault, ...options });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-scale-"));
  const random = seeded(4);
  const values = Uint8Array.from({ length: size.width * size.height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % size.width, Math.floor(i / 3 / size.width)];
    const isFine = (Math.floor(x / 200) + Math.floor(y / 170)) % 2 === 0;
    const wave = Math.sin(x / 3) * Math.cos(y / 4);
    return 128 + 100 * (isFine ? random() - 0.5 : wave);
  });
  await sharp(values, { raw: { ...size, channels: 3 } })
    .png()
    .toFile(join(folder, "in.png"));
  const input = await readFile(join(folder, "in.png"));
  const piped = await pipeDeblur(["-", "-o", "-", ...auto, "-q"], { cwd: folder, fault, input });
  whole = await samplesOf(piped.stdout);
}, 60_000);

afterAll(() => rm(folder, { recursive: true }));

/** Fails without printing megabytes. */
async function expectWhole(name: string): Promise<void> {
  expect((await samplesOf(join(folder, name))).equals(whole)).toBe(true);
}

describe("scale auto", () => {
  test("takes full size in some cells and half size in others", async () => {
    for (const scale of ["1", "2"]) {
      const run = await deblur([
        "in.png",
        "-o",
        `at-${scale}.png`,
        ...cuts,
        "--scale",
        scale,
        "-q",
      ]);
      expect(run).toEqual({ code: 0, stdout: "", stderr: "" });
    }
    const [full, half] = await Promise.all(
      ["at-1.png", "at-2.png"].map((name) => samplesOf(join(folder, name))),
    );
    // Away from the borders of cells, each is one or the other.
    const middles = Array.from({ length: tiles }, (_, i) => {
      const [x, y] = [128 * (i % 7) + 64, 128 * Math.floor(i / 7) + 64];
      const row = (from: Buffer | undefined) => {
        const start = 3 * (y * size.width + x);
        return from?.subarray(start - 90, start + 90).toString("hex");
      };
      return [row(full), row(half)].indexOf(row(whole));
    });
    expect(new Set(middles)).toEqual(new Set([0, 1]));
  });

  test("gives the same bytes in a long run that was interrupted and resumes", async () => {
    const run = (more: readonly string[], options?: Partial<RunOptions>) =>
      deblur(["in.png", "-o", "long.png", ...auto, ...more], options);
    const stopped = await run([], { env: { AT_TILE: "12", SIGNAL: "SIGINT" } });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain("(halo 32, scale auto)");
    const other = await deblur(["in.png", "-o", "long.png", ...cuts]);
    expect(other.code).toBe(73);
    expect(other.stderr).toContain("scale auto, not none");
    const resumed = await run([]);
    expect(resumed.stderr).toMatch(/resuming: \d+ of 35 tiles are kept from before/);
    expect(resumed.code).toBe(0);
    await expectWhole("long.png");
  });

  test("gives the same bytes in shards, and the plan names the scale", async () => {
    const planned = await deblur(["plan", "in.png", "-o", "run", ...auto]);
    expect(planned.stdout).toContain("run: 35 tiles at scale auto; next");
    const json = await deblur(["plan", "in.png", "-o", "run", ...auto, "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({ tiles, scale: "auto" });
    for (const part of ["2/2", "1/2"]) {
      expect((await deblur(["run", "run", "--shard", part, "-q"])).code).toBe(0);
    }
    expect((await deblur(["assemble", "run", "-o", "assembled.png", "-q"])).code).toBe(0);
    await expectWhole("assembled.png");
  });

  test("gives back a video that the net does not change, and reports the scale", async () => {
    const header = `YUV4MPEG2 W${size.width} H${size.height} F25:1 C444\n`;
    const planes = Buffer.alloc(3 * size.width * size.height, 0);
    for (let i = 0; i < planes.length; i++) planes[i] = 16 + ((i * 7919) % 220);
    const video = Buffer.concat([Buffer.from(`${header}FRAME\n`), planes]);
    await writeFile(join(folder, "in.y4m"), video);
    const words = ["in.y4m", "-o", "out.y4m", ...auto, "--json"];
    const { code, stderr } = await deblur(words, { fault: "none" });
    expect(code).toBe(0);
    expect(JSON.parse(stderr.split("\n")[0] ?? "")).toMatchObject({
      event: "start",
      scale: "auto",
    });
    expect((await readFile(join(folder, "out.y4m"))).equals(video)).toBe(true);
  });
});

test("scale 2 gives the same bytes in shards as in one process", async () => {
  const words = ["--scale", "2", "--tile", "96", "--halo", "16"];
  expect((await deblur(["in.png", "-o", "half.png", ...words, "-q"])).code).toBe(0);
  await deblur(["plan", "in.png", "-o", "half", ...words]);
  for (const part of ["2/2", "1/2"]) await deblur(["run", "half", "--shard", part, "-q"]);
  expect((await deblur(["assemble", "half", "-o", "parts.png", "-q"])).code).toBe(0);
  const [one, other] = await Promise.all(
    ["half.png", "parts.png"].map((name) => samplesOf(join(folder, name))),
  );
  expect(one?.equals(other as Buffer)).toBe(true);
});
