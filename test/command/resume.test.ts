import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import {
  cp,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { pipeDeblur } from "../helpers/pipe-deblur.ts";
import { type Ended, type RunOptions, runDeblur } from "../helpers/run-deblur.ts";
import { seeded } from "../operators/fakes.ts";

const execFileAsync = promisify(execFile);

/** 60 tiles of 64 with halo 16. */
const size = { width: 336, height: 208 };
const tiles = 60;
const inFlight = 3;
const cuts = ["--tile", "64", "--halo", "16"];

let folder: string;
/** The output of an undisturbed run that blends in memory. */
let whole: Buffer;
let outputs = 0;
let output: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-resume-"));
  const random = seeded(1);
  const values = Uint8Array.from({ length: size.width * size.height * 3 }, () => random() * 256);
  await sharp(values, { raw: { ...size, channels: 3 } })
    .png()
    .toFile(join(folder, "in.png"));
  // A run between pipes keeps no tiles, and blends all in memory.
  const { stdout } = await pipeDeblur(["-", "-o", "-", ...cuts, "-q"], {
    cwd: folder,
    fault: "changing",
    input: await readFile(join(folder, "in.png")),
  });
  whole = stdout;
});

afterAll(() => rm(folder, { recursive: true }));

beforeEach(() => {
  output = `out-${outputs++}.png`;
});

const state = (): string => join(folder, `.${output}.deblur`);
const restored = (): string => join(folder, `${output}.restored`);

/** Runs the same command each time, except for `more` and a planted fault. */
function run(more: readonly string[] = [], options: Partial<RunOptions> = {}): Promise<Ended> {
  const { env = {}, ...rest } = options;
  return runDeblur(["in.png", "-o", output, ...cuts, ...more], {
    cwd: folder,
    fault: "changing",
    env: { RESTORED: restored(), ...env },
    ...rest,
  });
}

/** Counts the tiles that the engine restored in all runs of this output. */
const countRestored = async (): Promise<number> =>
  existsSync(restored()) ? (await readFile(restored())).length : 0;

/** Interrupts a run after some of its tiles are stored. */
const interrupted = (more: readonly string[] = []): Promise<Ended> =>
  run(more, { env: { AT_TILE: "20", SIGNAL: "SIGINT" } });

async function expectWhole(): Promise<void> {
  expect((await readFile(join(folder, output))).equals(whole)).toBe(true);
  expect((await readdir(folder)).filter((name) => name.startsWith(`.${output}`))).toEqual([]);
}

describe("a long run", () => {
  it("gives the same bytes as blending in memory, and leaves nothing else", async () => {
    expect(await run(["-q"])).toEqual({ code: 0, stdout: "", stderr: "" });
    await expectWhole();
    expect(await countRestored()).toBe(tiles);
  });

  it.each(["tif", "jpg"])("gives the same bytes as .%s too", async (suffix) => {
    output = output.replace("png", suffix);
    expect((await run(["-q"])).code).toBe(0);
    const format = suffix.replace("tif", "tiff").replace("jpg", "jpeg");
    const { stdout } = await pipeDeblur(["-", "-o", "-", ...cuts, "-q", "--format", format], {
      cwd: folder,
      fault: "changing",
      input: await readFile(join(folder, "in.png")),
    });
    expect(stdout.length).toBeGreaterThan(10_000);
    expect((await readFile(join(folder, output))).equals(stdout)).toBe(true);
  });

  it("finishes the tiles in flight when interrupted, reports how to resume, and resumes", async () => {
    const { code, stderr } = await interrupted();
    expect(code).toBe(130);
    const kept = Number(
      /^(\d+) of 60 tiles are kept: the same command resumes, --no-resume starts over/m.exec(
        stderr,
      )?.[1],
    );
    expect(kept).toBeGreaterThan(0);
    expect(stderr).toContain(`deblur: stopped by SIGINT; nothing was written to ${output}`);
    expect(existsSync(join(folder, output))).toBe(false);
    expect(await countRestored()).toBe(kept);

    const again = await run();
    expect(again.code).toBe(0);
    expect(again.stderr).toContain(`resuming: ${kept} of 60 tiles are kept from before\n`);
    expect(await countRestored()).toBe(tiles);
    await expectWhole();
  });

  it("resumes with --skip-existing too, and is skipped once it is complete", async () => {
    await interrupted();
    const kept = await countRestored();
    expect((await run(["--skip-existing"])).code).toBe(0);
    expect(await countRestored()).toBe(tiles);
    expect(kept).toBeGreaterThan(0);
    await expectWhole();
    expect(await run(["--skip-existing"])).toEqual({
      ...{ code: 0, stdout: "", stderr: `${output}: exists, skipped\n` },
    });
    expect(await countRestored()).toBe(tiles);
  });

  it("reports where its tiles are when a second signal ends it at once", async () => {
    const { code, stderr } = await run([], {
      env: { AT_TILE: "20", SIGNAL: "SIGINT", HELD_UNTIL: "never" },
      during: (child) =>
        child.stderr?.on("data", (text) => {
          if (/stopping when/.test(`${text}`)) child.kill("SIGINT");
        }),
    });
    expect(code).toBe(130);
    const kept = `finished tiles are kept in ${`.${output}.deblur`}`;
    expect(stderr).toContain(
      `deblur: stopped by SIGINT again; nothing was written to ${output}, ${kept}\n`,
    );
    const before = await countRestored();
    expect((await run()).stderr).toMatch(/resuming: [1-9]\d* of 60 tiles are kept from before/);
    expect(await countRestored()).toBeLessThan(tiles + before);
    await expectWhole();
  });

  it("reports tiles of an earlier run as done, not as progress", async () => {
    await interrupted(["--json"]);
    const { stderr } = await run(["--json"]);
    const events = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const { tilesKept } = events.find(({ event }) => event === "start");
    const done = events.filter(({ event }) => event === "tile").map((event) => event.done);
    expect(tilesKept).toBeGreaterThan(0);
    expect(done).toEqual(Array.from({ length: tiles - tilesKept }, (_, i) => tilesKept + i + 1));
  });

  it("does not resume with other options; --no-resume starts over", async () => {
    await interrupted();
    const other = await run(["--tile", "80", "--noise", "3"]);
    expect(other.code).toBe(73);
    expect(other.stderr.trim().split("\n").at(-1)).toBe(
      `deblur: ${output}: an unfinished run of it had tile 64, not 80: the same options resume it, ` +
        "--no-resume starts over",
    );
    expect(existsSync(join(state(), "tiles"))).toBe(true);
    const before = await countRestored();
    expect((await run(["--no-resume"])).code).toBe(0);
    expect(await countRestored()).toBe(before + tiles);
    await expectWhole();
  });

  it("does not resume with a changed input", async () => {
    await interrupted();
    const input = join(folder, "in.png");
    const at = new Date(1e12);
    const { mtime } = await stat(input);
    await utimes(input, at, at);
    const { code, stderr } = await run();
    await utimes(input, mtime, mtime);
    expect(code).toBe(73);
    expect(stderr).toContain("an unfinished run of it had an input modified ");
  });

  it("computes torn, stale and swapped tiles again", async () => {
    await interrupted();
    const group = join(state(), "tiles", "000");
    const [a, b, c, ...rest] = (await readdir(group)).map((name) => join(group, name));
    expect(rest.length).toBeGreaterThan(1);
    await truncate(a as string, 5000);
    await rename(b as string, `${b}-aside`);
    await rename(c as string, b as string);
    const before = await countRestored();
    const { stderr } = await run();
    expect(stderr).toContain("; 2 were damaged and are computed again");
    expect(await countRestored()).toBe(tiles + 3);
    expect(before).toBeLessThan(tiles);
    await expectWhole();
  });

  it("locks its output", async () => {
    let second: Promise<Ended> | undefined;
    const ended = `${output}.second-ended`;
    const first = await run([], {
      env: { AT_TILE: "1", HELD_UNTIL: ended },
      onFirstWord: () => {
        second = run().finally(() => writeFile(join(folder, ended), ""));
      },
    });
    const { code, stderr } = (await second) as Ended;
    expect(first.code).toBe(0);
    expect(code).toBe(73);
    expect(stderr).toMatch(
      /deblur: out-\d+\.png: process \d+ on \S+ is making it; if that is wrong/,
    );
    await expectWhole();
  });

  it("leaves nothing without a finished tile", async () => {
    const { code, stderr } = await run([], { fault: "broken" });
    expect(code).toBe(1);
    expect(stderr.trim().split("\n").at(-1)).toContain("stage deblur: the device is on fire");
    expect((await readdir(folder)).filter((name) => name.includes(output))).toEqual([]);
  });

  it("retries a failed tile", async () => {
    expect((await run(["-q"], { fault: "failing" })).code).toBe(0);
    expect((await run(["-q", "--force"], { fault: "failing-early" })).code).toBe(0);
  });

  it.each([
    ["hanging", "--in-flight 2", "--in-flight 2", "1"],
    ["out-of-memory", "--in-flight 2", "--in-flight 1", "30"],
    ["out-of-memory", "--in-flight=3", "--in-flight 1", "30"],
  ])(
    "ends with 75 after %s, keeps its tiles, and resumes by the printed command: %s",
    async (fault, given, advised, limit) => {
      output = `${output} of 'mine'.png`;
      const { code, stderr } = await run(["--tile-timeout", limit, ...given.split(" ")], { fault });
      expect(code).toBe(75);
      const kept = Number(/^(\d+) of 60 tiles are kept/m.exec(stderr)?.[1]);
      expect(kept, stderr).toBeGreaterThan(0);
      const next = /; finished tiles are kept, resume with: (deblur .*)\n$/.exec(stderr)?.[1] ?? "";
      expect(next).toContain(` --tile-timeout ${limit} ${advised}`);

      // Split as a shell does.
      const { stdout } = await execFileAsync("sh", ["-c", `printf '%s\\n' ${next}`]);
      const [name, ...words] = stdout.trimEnd().split("\n");
      expect(name).toBe("deblur");
      const ended = await runDeblur(words, { cwd: folder, fault: "none" });
      expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining("resuming: ")]);
      expect(ended.stderr).toContain(`resuming: ${kept} of 60 tiles are kept from before`);
      expect(existsSync(state())).toBe(false);
    },
  );

  it("prints no command if it must start over anyway", async () => {
    const { code, stderr } = await run(["--tile", "208", "--tile-timeout", "1"], {
      fault: "hanging",
    });
    expect(code).toBe(75);
    expect(stderr).not.toContain("resume with");
  });

  it.each([
    ["fail", 1],
    ["copy", 0],
  ])("never accepts a tile whose residual is too large each time: %s", async (policy, expected) => {
    const { code, stderr } = await run(["--on-tile-error", policy, "--json"], {
      fault: "exploding-tile",
    });
    expect(code).toBe(expected);
    const events = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const why =
      /^(?:left blurry: )?tile \d+×\d+ at \(\d+, \d+\), stage deblur: residual RMS 1\.0 exceeds 0\.25$/;
    const reports = events.filter(({ message }) => why.test(message));
    expect(reports).toHaveLength(1);
    if (policy === "fail") return expect(existsSync(join(folder, output))).toBe(false);
    const { copied } = events.at(-1);
    expect(copied).toHaveLength(1);
    // This net changes nothing else, and must not change these pixels.
    const [before, after] = await Promise.all(
      ["in.png", output].map((name) => sharp(join(folder, name)).raw().toBuffer()),
    );
    expect(after).toEqual(before);
  });

  it("keeps the pixels of copied tiles, and reports these tiles also when it resumes", async () => {
    const first = await run(["--on-tile-error", "copy", "--json"], {
      fault: "broken-tile",
      env: { AT_TILE: "20", SIGNAL: "SIGINT" },
    });
    expect(first.code).toBe(130);
    expect(first.stderr).toContain('"copied":true');
    const { code, stderr } = await run(["--on-tile-error", "copy", "--json"]);
    expect(code).toBe(0);
    const done = JSON.parse(stderr.trim().split("\n").at(-1) ?? "");
    expect(done.copied).toHaveLength(1);
  });
});

describe("a run killed inside a call to the file system", () => {
  const killer = new URL("../helpers/kill-at-call.js", import.meta.url).href;
  const counter = (): string => join(folder, `${output}.calls`);

  /** Kills the run at this call, counted from when the file or folder `from` exists. */
  const killAt = async (call: number, from: string): Promise<Ended> => {
    await rm(counter(), { force: true });
    const settings = { KILL_AT: String(call), KILL_COUNTER: counter(), KILL_FROM: from };
    return run(["-q"], { env: { NODE_OPTIONS: `--import ${killer}`, ...settings } });
  };
  /** The number of these calls in the last run. */
  const countCalls = async (): Promise<number> => (await readFile(counter())).length;

  it("resumes, computes only the tiles in flight twice, and ends with the same bytes", async () => {
    const random = seeded(Number(process.env["KILL_SEED"] ?? 1));
    const wanted = Number(process.env["KILLS"] ?? 10);
    // From the first tile on; before it nothing can be lost.
    const from = join(state(), "tiles");
    expect((await killAt(Number.MAX_SAFE_INTEGER, from)).code).toBe(0);
    const calls = await countCalls();
    expect(calls).toBeGreaterThan(2 * tiles);
    await rm(join(folder, output));
    await rm(restored());
    let all = 0;
    let kills = 0;
    while (all < wanted) {
      // A resumed run has fewer calls, and may end earlier.
      const { code } = await killAt(1 + Math.floor(random() * calls), from);
      if (code === null) kills++;
      if (code === null) all++;
      if (!existsSync(join(folder, output))) {
        expect(code).toBeNull();
        continue;
      }
      // Restores the initial state for the remaining kills.
      expect((await readFile(join(folder, output))).equals(whole)).toBe(true);
      expect(await countRestored()).toBeLessThanOrEqual(tiles + inFlight * kills);
      await rm(join(folder, output));
      await rm(restored(), { force: true });
      kills = 0;
    }
    expect((await run(["-q"])).code).toBe(0);
    expect(await countRestored()).toBeLessThanOrEqual(tiles + inFlight * kills);
    await expectWhole();
  }, 600_000);

  it("ends with the same bytes and restores nothing again, killed while its output is assembled", async () => {
    output = output.replace("png", "tif");
    const finishing = join(state(), "finishing");
    // All tiles are stored, and nothing else of the output.
    expect((await killAt(1, finishing)).code).toBeNull();
    await rm(finishing);
    await cp(state(), join(folder, "all-tiles"), { recursive: true });
    expect((await killAt(Number.MAX_SAFE_INTEGER, finishing)).code).toBe(0);
    const calls = await countCalls();
    expect(calls).toBeGreaterThan(50);
    const bytes = await readFile(join(folder, output));

    const kills = Math.min(calls, Number(process.env["CALL_KILLS"] ?? 6));
    for (let kill = 0; kill < kills; kill++) {
      await rm(join(folder, output), { force: true });
      await cp(join(folder, "all-tiles"), state(), { recursive: true });
      const { code } = await killAt(1 + Math.floor((kill * calls) / kills), finishing);
      expect(code).toBeNull();
      const published = existsSync(join(folder, output));
      // An output that existed when the run was killed is not made again.
      expect((await run(["-q"])).code).toBe(published ? 73 : 0);
      expect((await readFile(join(folder, output))).equals(bytes)).toBe(true);
      expect(existsSync(state())).toBe(false);
    }
    expect(await countRestored()).toBe(tiles);
  }, 600_000);
});
