/** Tests consecutive pictures in a pipe and numbered pictures with the built command. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readBytes } from "../../src/io/system/byte-reader.ts";
import { splitImages } from "../../src/pipeline/video/split-images.ts";
import { pipeDeblur } from "../helpers/pipe-deblur.ts";
import { runDeblur } from "../helpers/run-deblur.ts";
import { noiseImage } from "../operators/fakes.ts";

const copy = ["--engine", "copy", "--tile", "32", "--halo", "0", "-q"];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-sequences-"));
});
afterAll(() => rm(folder, { recursive: true }));

const noise = (seed: number, bits: 8 | 16 = 8) => {
  const shape = { width: 40 + seed, height: 33, channels: 3, bits } as const;
  return sharp(noiseImage(shape, seed).samples as Uint8Array, { raw: { ...shape } });
};
const pixelsOf = async (bytes: Buffer) => await sharp(bytes).raw({ depth: "ushort" }).toBuffer();

async function split(bytes: Buffer): Promise<Buffer[]> {
  async function* stream() {
    yield new Uint8Array(bytes);
  }
  const images: Buffer[] = [];
  for await (const image of splitImages(readBytes(stream()), "pipe")) {
    const parts: Uint8Array[] = [];
    for await (const part of image.bytes) parts.push(part);
    images.push(Buffer.concat(parts));
  }
  return images;
}

describe("--format image2pipe", () => {
  const words = ["-", "-o", "-", "--format", "image2pipe", ...copy];

  it("gives PNGs for PNGs and JPEGs for JPEGs, in order, each with its size", async () => {
    const images = await Promise.all([
      noise(1).png().toBuffer(),
      noise(2).jpeg().toBuffer(),
      noise(3, 16).toColourspace("rgb16").png().toBuffer(),
      noise(4).png().toBuffer(),
    ]);
    const input = Buffer.concat(images);
    const { code, stdout, stderr } = await pipeDeblur(words, { cwd: folder, input });
    expect([code, stderr]).toEqual([0, ""]);
    const restored = await split(stdout);
    expect(restored).toHaveLength(4);
    for (const i of [0, 2, 3]) {
      const [one, other] = [restored[i], images[i]] as [Buffer, Buffer];
      expect((await pixelsOf(one)).equals(await pixelsOf(other))).toBe(true);
    }
    expect(await sharp(restored[1]).metadata()).toMatchObject({ format: "jpeg", width: 42 });
    expect(await sharp(restored[2]).metadata()).toMatchObject({ depth: "ushort" });
  });

  it("sends the pictures before a truncated one, then ends with 65 and its number in one line", async () => {
    const images = await Promise.all([1, 2, 3].map((seed) => noise(seed).png().toBuffer()));
    const input = Buffer.concat(images).subarray(0, -20);
    const { code, stdout, stderr } = await pipeDeblur(words, { cwd: folder, input });
    expect(code).toBe(65);
    expect(stderr).toBe("deblur: standard input: picture 3: it is cut short\n");
    expect(await split(stdout)).toHaveLength(2);
  });

  it("fails with the number of a damaged picture", async () => {
    const [good, bad] = await Promise.all([1, 2].map((seed) => noise(seed).png().toBuffer()));
    bad?.fill(0xaa, 60, 200);
    const input = Buffer.concat([good, bad] as Buffer[]);
    const { code, stdout, stderr } = await pipeDeblur(words, { cwd: folder, input });
    expect(code).toBe(65);
    expect(stderr).toMatch(/^deblur: standard input: picture 2: .*\n$/);
    expect(await split(stdout)).toHaveLength(1);
  });

  it("ends with 65 for no picture and for other data; refuses a path", async () => {
    for (const input of [Buffer.alloc(0), Buffer.from("GIF89a")]) {
      const { code, stdout } = await pipeDeblur(words, { cwd: folder, input });
      expect([code, stdout.length]).toEqual([65, 0]);
    }
    const [, , , ...rest] = words;
    const into = await runDeblur(["-", "-o", "out.png", ...rest], { cwd: folder });
    const from = await runDeblur(["in.png", "-o", "-", ...rest], { cwd: folder });
    expect([into.code, from.code]).toEqual([2, 2]);
  });

  it("ends without a message when its reader closes, and leaves nothing", async () => {
    const images = await Promise.all(
      Array.from({ length: 40 }, (_, seed) => noise(seed).png().toBuffer()),
    );
    const input = Buffer.concat(images);
    const temporary = await mkdtemp(join(folder, "temporary-"));
    const env = { TMPDIR: temporary };
    const { code, stderr } = await pipeDeblur(words, { cwd: folder, input, reads: 100, env });
    expect([code, stderr]).toEqual([141, ""]);
    expect(await readdir(temporary)).toEqual([]);
  });
});

describe("numbered pictures", () => {
  const deblur = (...words: string[]) => runDeblur([...words, ...copy], { cwd: folder });
  const frame = (n: number) => join(folder, "in", `frame${String(n).padStart(4, "0")}.png`);

  beforeAll(async () => {
    await mkdir(join(folder, "in"));
    for (const n of [9, 10, 11]) await noise(n).toFile(frame(n));
    await writeFile(join(folder, "in", "frame12.png"), "of another width");
  });

  it("are restored in order, under their numbers, into a new folder", async () => {
    const { code, stderr } = await deblur("in/frame%04d.png", "-o", "out/sharp%03d.png");
    expect([code, stderr]).toEqual([0, ""]);
    expect((await readdir(join(folder, "out"))).sort()).toEqual(
      ["009", "010", "011"].map((digits) => `sharp${digits}.png`),
    );
    const [one, other] = [join(folder, "out/sharp010.png"), frame(10)];
    expect(await pixelsOf(await readFile(one))).toEqual(await pixelsOf(await readFile(other)));
  });

  it("are completed by a second run, which keeps existing outputs", async () => {
    const kept = join(folder, "out/sharp009.png");
    const { mtimeMs } = await stat(kept);
    await rm(join(folder, "out/sharp011.png"));
    const words = ["in/frame%04d.png", "-o", "out/sharp%03d.png", ...copy.slice(0, -1)];
    const { code, stderr } = await runDeblur(words, { cwd: folder });
    expect(code).toBe(0);
    expect(stderr).toMatch(/2 .*(?:exist|skipped)/);
    expect(stderr).not.toContain("frame0009.png:");
    expect((await stat(kept)).mtimeMs).toBe(mtimeMs);
    expect(await readdir(join(folder, "out"))).toHaveLength(3);
    const refused = await deblur("in/frame%04d.png", "-o", "out/sharp%03d.png", "--no-resume");
    expect(refused.code).toBe(73);
    const again = await deblur("in/frame%04d.png", "-o", "out/sharp%03d.png", "--force");
    expect(again.code).toBe(0);
    expect((await stat(kept)).mtimeMs).toBeGreaterThan(mtimeMs);
  });

  it("end at the first failure, with the outputs before it and no others", async () => {
    await writeFile(frame(12), "no picture");
    const { code, stderr } = await deblur("in/frame%04d.png", "-o", "half/%d.png");
    expect(code).toBe(65);
    expect(stderr).toMatch(/^deblur: in\/frame0012\.png: /);
    expect((await readdir(join(folder, "half"))).sort()).toEqual(["10.png", "11.png", "9.png"]);
    await rm(frame(12));
  });

  it("are refused before any work with a gap, no picture, one output for all, or the input as output", async () => {
    await noise(14).toFile(frame(14));
    const gap = await deblur("in/frame%04d.png", "-o", "gap/");
    expect(gap.code).toBe(66);
    expect(gap.stderr).toContain("frame0012.png: is missing, but in/frame0014.png exists");
    await rm(frame(14));
    expect((await deblur("in/shot%04d.png", "-o", "gap/")).code).toBe(66);
    expect((await deblur("in/frame%04d.png", "-o", "one.png")).code).toBe(2);
    expect((await deblur("in/frame%04d.png", "-o", "in/", "-f")).code).toBe(2);
    expect(await readdir(folder)).not.toContain("gap");
  });
});
