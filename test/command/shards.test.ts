import { existsSync } from "node:fs";
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from "vitest";
import { fingerprint } from "../../src/io/store/fingerprint.ts";
import { markBegun, shardsOf, tilesOfShard } from "../../src/pipeline/shards/shard.ts";
import { inRanges } from "../../src/text/words.ts";
import { pipeDeblur } from "../helpers/pipe-deblur.ts";
import { type Ended, type RunOptions, runDeblur } from "../helpers/run-deblur.ts";
import { memoryDisk } from "../io/store/memory-disk.ts";
import { seeded } from "../operators/fakes.ts";

/** 60 tiles of 64 with halo 16. */
const size = { width: 336, height: 208 };
const cuts = ["--tile", "64", "--halo", "16"];

let folder: string;
/** The output of one process that blends in memory. */
let whole: Buffer;
let runs = 0;
let name: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-shards-"));
  const random = seeded(2);
  const values = Uint8Array.from({ length: size.width * size.height * 3 }, () => random() * 256);
  await sharp(values, { raw: { ...size, channels: 3 } })
    .png()
    .toFile(join(folder, "in.png"));
  const { stdout } = await pipeDeblur(["-", "-o", "-", ...cuts, "-q", "--format", "tiff"], {
    cwd: folder,
    fault: "changing",
    input: await readFile(join(folder, "in.png")),
  });
  whole = stdout;
});

afterAll(() => rm(folder, { recursive: true }));

beforeEach(() => {
  name = `run-${runs++}`;
});

function deblur(words: readonly string[], options: Partial<RunOptions> = {}): Promise<Ended> {
  return runDeblur(words, { cwd: folder, fault: "changing", ...options });
}

const plan = (more: readonly string[] = []): Promise<Ended> =>
  deblur(["plan", "in.png", "-o", name, ...cuts, ...more]);
const shard = (which: string, options: Partial<RunOptions> = {}): Promise<Ended> =>
  deblur(["run", name, "--shard", which, "-q"], options);
const assemble = (
  more: readonly string[] = [],
  options: Partial<RunOptions> = {},
): Promise<Ended> => deblur(["assemble", name, "-o", `${name}.tif`, "-q", ...more], options);

/** Reports so many free bytes for every disk. */
const withFree = (bytes: number): Partial<RunOptions> => ({
  env: { NODE_OPTIONS: `--import ${smallDisk}`, FREE: String(bytes) },
});
const smallDisk = new URL("../helpers/small-disk.js", import.meta.url).href;

/** A chunk tEXt of a PNG: keyword "a", text "b". */
const pngText = Buffer.from("0000000374455874610062dc49a23b", "hex");

const well = { code: 0, stdout: "", stderr: "" };

async function expectWhole(): Promise<void> {
  expect((await readFile(join(folder, `${name}.tif`))).equals(whole)).toBe(true);
  const inside = await readdir(join(folder, name));
  expect(inside.filter((it) => it !== "shards").sort()).toEqual(["run.json", "tiles"]);
}

describe("a planned run", () => {
  it("gives the same bytes as one process, with shards in any order, in parallel, and repeated", async () => {
    const { code, stdout } = await plan();
    expect(code).toBe(0);
    expect(stdout).toBe(
      `${name}: 60 tiles; next deblur run ${name} --shard 1/N and so on, then deblur assemble ${name} -o OUT\n`,
    );
    const ended = await Promise.all(["3/3", "1/3", "3/3"].map((which) => shard(which)));
    expect(ended).toEqual([well, well, well]);
    expect(await shard("2/3")).toEqual(well);
    expect(await assemble()).toEqual(well);
    await expectWhole();
    // Assembles the same run again.
    expect((await assemble()).code).toBe(73);
    expect(await assemble(["--force"])).toEqual(well);
    await expectWhole();
  });

  it("names its missing shards and their tiles, and any process completes it", async () => {
    await plan();
    await shard("2/4");
    await shard("4/4");
    await truncate(join(folder, name, "tiles", "000", "000050.tile"), 3000);
    const { code, stderr } = await assemble();
    expect(code).toBe(66);
    expect(stderr).toBe(
      `deblur: ${name}: expected 60 tiles, 0 to 59, but 31 are missing or damaged: 0–14, 30–44, 50, ` +
        `of shards 1, 3–4 of 4; deblur run ${name} computes them\n`,
    );
    expect(existsSync(join(folder, `${name}.tif`))).toBe(false);
    expect((await deblur(["run", name, "-q"])).code).toBe(0);
    expect(await assemble()).toEqual(well);
    await expectWhole();
  });

  it("names the missing shards of two divisions, and only tiles without a division", async () => {
    await plan();
    const problem = async () => /missing or damaged: (.*); deblur/.exec((await assemble()).stderr);
    expect((await problem())?.[1]).toBe("0–59");
    await shard("2/2");
    await shard("1/3");
    expect((await problem())?.[1]).toBe("20–29, of shards 1 of 2 or 2 of 3");
  });

  it("resumes where a shard was killed", async () => {
    await plan();
    for (const tile of ["1", "10", "20"]) {
      const killed = await shard("1/1", { env: { AT_TILE: tile, SIGNAL: "SIGKILL" } });
      expect(killed.code).toBeNull();
    }
    expect(await shard("1/1")).toEqual(well);
    expect(await assemble()).toEqual(well);
    await expectWhole();
  });

  it("checks the room on its disks: for missing tiles when planned and computed, for the picture when assembled", async () => {
    // 336×208 pixels of 3 bytes; the seams' residuals and headers come on top.
    const plain = 336 * 208 * 3;
    const refusal = (needed: string, parts: string, path = name): RegExp =>
      new RegExp(`^deblur: ${path}: Expected ${needed} free on its disk \\(${parts}\\) but found`);
    const planned = await deblur(["plan", "in.png", "-o", name, ...cuts], withFree(plain));
    expect(planned.code).toBe(74);
    expect(planned.stderr).toMatch(
      refusal("\\S+ [MG]B", "\\d+ kB for the decoded input, \\S+ MB for tiles"),
    );
    await plan();
    const first = await shard("1/2", withFree(plain));
    expect([first.code, first.stderr]).toEqual([
      74,
      expect.stringMatching(refusal("\\S+ kB", "\\d+ kB for the decoded input, \\S+ kB for tiles")),
    ]);
    expect(await readdir(join(folder, name))).toEqual(["run.json"]);
    await shard("1/1");
    expect(await shard("1/2", withFree(2 * plain))).toEqual(well);
    const last = await assemble([], withFree(plain));
    expect([last.code, last.stderr]).toEqual([
      74,
      expect.stringMatching(
        refusal("\\d+ kB", "\\d+ kB for the decoded input, \\d+ kB for the output", `${name}.tif`),
      ),
    ]);
    expect(existsSync(join(folder, `${name}.tif`))).toBe(false);
    expect(await assemble([], withFree(3 * plain))).toEqual(well);
    await expectWhole();
  });

  it("may be planned again the same, but not differently", async () => {
    await plan();
    await shard("1/2");
    expect((await plan()).code).toBe(0);
    const { code, stderr } = await plan(["--bits", "16"]);
    expect(code).toBe(73);
    expect(stderr).toBe(`deblur: ${name}: was planned with outputType uint8, not uint16\n`);
    await shard("2/2");
    expect(await assemble()).toEqual(well);
  });

  it("accepts tiles of other engines only with --allow-mixed", async () => {
    await plan();
    const other = { env: { IDENTITY_VERSION: "7" } };
    const refused = await shard("1/2", other);
    expect(refused.code).toBe(73);
    expect(refused.stderr).toMatch(
      new RegExp(
        `^deblur: ${name}: was planned with version \\S+, not 7; --allow-mixed takes it as it is\n$`,
      ),
    );
    expect((await deblur(["run", name, "--shard", "1/2", "-q", "--allow-mixed"], other)).code).toBe(
      0,
    );
    await shard("2/2");
    const mixed = await assemble();
    expect(mixed.code).toBe(73);
    expect(mixed.stderr).toBe(
      `deblur: ${name}: 30 tiles are of another engine or version than planned: ` +
        "0–29; --allow-mixed takes them as they are\n",
    );
    expect(await assemble(["--allow-mixed"])).toEqual(well);
    await expectWhole();
  });

  it("accepts any number of threads on each machine", async () => {
    await plan(["--threads", "1"]);
    expect(await shard("1/2", { env: { IDENTITY_THREADS: "7" } })).toEqual(well);
    expect((await deblur(["run", name, "--shard", "2/2", "-q", "--threads", "3"])).code).toBe(0);
    expect(await assemble([], { env: { IDENTITY_THREADS: "9" } })).toEqual(well);
    await expectWhole();
  });

  it("accepts a copy of the input with another time, and refuses one with another byte", async () => {
    await plan();
    const input = join(folder, "in.png");
    const { mtime } = await stat(input);
    const at = new Date(1e12);
    await utimes(input, at, at);
    expect(await shard("1/2")).toEqual(well);
    expect((await plan()).code).toBe(0);
    const bytes = await readFile(input);
    // A comment changes no pixel, but the file.
    const other = Buffer.concat([bytes.subarray(0, -12), pngText, bytes.subarray(-12)]);
    await writeFile(input, other);
    const { code, stderr } = await shard("2/2");
    await writeFile(input, bytes);
    await utimes(input, mtime, mtime);
    expect([code, stderr]).toEqual([
      73,
      expect.stringContaining(`${name}: was planned with another input: `),
    ]);
    expect(stderr).not.toContain("--allow-mixed");
    expect(await shard("2/2")).toEqual(well);
    expect(await assemble()).toEqual(well);
    await expectWhole();
  });

  it("finds one changed byte that the pieces of the fingerprint do not hold", async () => {
    const large = { width: 1200, height: 900, channels: 3 as const };
    const path = join(folder, "large.tif");
    const noise = Buffer.alloc(1200 * 900 * 3, "noise");
    await sharp(noise, { raw: large }).tiff({ compression: "none" }).toFile(path);
    const planned = await deblur(["plan", "large.tif", "-o", name]);
    expect(planned.code).toBe(0);
    const bytes = await readFile(path);
    const between = 2 ** 16 + 10_000;
    bytes.writeUInt8(bytes.readUInt8(between) ^ 1, between);
    const before = await fingerprint(path);
    await writeFile(path, bytes);
    expect((await fingerprint(path)).fingerprint).toBe(before.fingerprint);
    const { code, stderr } = await shard("1/2");
    expect([code, stderr]).toEqual([
      73,
      expect.stringContaining(`${name}: was planned with another input: `),
    ]);
  });

  it("counts shards from 0 where asked, as indexed jobs do", async () => {
    await plan();
    const indexed = (which: string) => deblur(["run", name, "--shard", which, "--from-zero", "-q"]);
    expect(await indexed("0/2")).toEqual(well);
    expect(await indexed("1/2")).toEqual(well);
    expect(await assemble()).toEqual(well);
    await expectWhole();
    const beyond = await indexed("2/2");
    expect([beyond.code, beyond.stderr]).toEqual([
      2,
      expect.stringContaining("Expected a part from 0/2 to 1/2 for --shard but received 2/2"),
    ]);
    const zero = await shard("0/2");
    expect([zero.code, zero.stderr]).toEqual([
      2,
      expect.stringContaining(
        "Expected a part from 1/2 to 2/2 for --shard but received 0/2; --from-zero counts from 0",
      ),
    ]);
  });

  it("needs its own folder", async () => {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, "letter.txt"), "Dear");
    const { code, stderr } = await plan();
    expect([code, stderr]).toEqual([73, `deblur: ${name}: is a folder with other files in it\n`]);
    const without = await shard("1/2");
    expect([without.code, without.stderr]).toEqual([
      66,
      `deblur: ${name}: holds no planned run; first deblur plan IN -o ${name}\n`,
    ]);
  });

  it.each(["0/2", "3/2", "1", "1/0", "a/b", "-1/2"])("has no shard %s", async (which) => {
    const { code, stderr } = await deblur(["run", name, `--shard=${which}`]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /Expected a part (and the number of parts, such as 2\/8,|from 1\/2 to 2\/2) for --shard/,
    );
  });

  it("has shards without a tile if there are more shards than tiles", async () => {
    await plan();
    const { stderr } = await deblur(["run", name, "--shard", "1/100"]);
    expect(stderr).toContain(`${name}: no tile of 60 in `);
  });
});

test("attributes a missing tile to the shard that computes it, for any numbers", () => {
  const numbers = fc.integer({ min: 1, max: 400 });
  fc.assert(
    fc.property(numbers, numbers, fc.nat(399), (of, count, index) => {
      const tile = index % count;
      const disk = memoryDisk();
      markBegun("/run", { index: 1, of }, disk);
      const [, shard] =
        /^(\d+) of (\d+)$/.exec(shardsOf([tile], { folder: "/run", count, disk })) ?? [];
      const { start, end } = tilesOfShard({ index: Number(shard), of }, count);
      expect([start <= tile, tile < end]).toEqual([true, true]);
    }),
  );
});

describe("inRanges", () => {
  it.each([
    [[], ""],
    [[3], "3"],
    [[0, 1, 2, 5, 7, 8], "0–2, 5, 7–8"],
    [[0, 2, 4, 6, 8, 10, 12, 14, 16, 17, 19], "0, 2, 4, 6, 8, 10, 12, 14 and 3 more"],
  ])("writes %j as %j", (numbers, words) => {
    expect(inRanges(numbers)).toBe(words);
  });
});
