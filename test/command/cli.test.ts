import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runDeblur } from "../helpers/run-deblur.ts";

/** 12 tiles of 64 with halo 16: cores of 32 and more, so that tiles have neighbours on all sides. */
const size = { width: 140, height: 100 };
const copy = ["--engine", "copy", "--tile", "64", "--halo", "16"];

let folder: string;
let outputs = 0;
/** A fresh name for each test. */
let output: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-cli-"));
  const { width, height } = size;
  // Noise, which no format can compress: half a file is half a picture.
  let state = 1;
  const values = Array.from({ length: width * height * 3 }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return state >> 8;
  });
  const wide = sharp(Uint16Array.from(values), { raw: { width, height, channels: 3 } });
  await wide.clone().toColourspace("rgb16").png().toFile(join(folder, "wide.png"));
  await wide
    .clone()
    .toColourspace("rgb16")
    .tiff({ compression: "lzw" })
    .toFile(join(folder, "wide.tif"));
  const narrow = sharp(Uint8Array.from(values), { raw: { width, height, channels: 3 } });
  await narrow.clone().png().toFile(join(folder, "a.png"));
  await narrow.clone().jpeg().toFile(join(folder, "a.jpg"));
  const whole = await readFile(join(folder, "a.png"));
  await writeFile(join(folder, "cut.png"), whole.subarray(0, whole.length / 2));
  await writeFile(join(folder, "text.png"), "not a picture");
  await writeFile(join(folder, "not.safetensors"), "not weights at all");
});

afterAll(() => rm(folder, { recursive: true }));

beforeEach(() => {
  output = `out-${outputs++}.png`;
});

const deblur = (words: readonly string[], fault?: string) =>
  runDeblur(words, { cwd: folder, ...(fault === undefined ? {} : { fault }) });

/** Returns the samples as stored. */
function samples(name: string): Promise<Buffer> {
  return sharp(join(folder, name), { ignoreIcc: true }).raw({ depth: "ushort" }).toBuffer();
}

/** Expects neither the output nor a folder of the run. */
async function expectNothingLeft(): Promise<void> {
  expect(existsSync(join(folder, output))).toBe(false);
  expect((await readdir(folder)).filter((name) => name.includes(".deblur-"))).toEqual([]);
}

describe("the copy engine changes nothing", () => {
  it.each([
    ["a.png", ".png", "uchar"],
    ["wide.png", ".png", "ushort"],
    ["a.jpg", ".png", "uchar"],
    ["a.png", ".tif", "uchar"],
    ["wide.tif", ".tiff", "ushort"],
    ["wide.tif", ".png", "ushort"],
  ])("%s to %s keeps every sample", async (input, suffix, depth) => {
    output = output.replace(".png", suffix);
    expect(await deblur([input, "-o", output, ...copy, "-q"])).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
    expect((await samples(output)).equals(await samples(input))).toBe(true);
    expect((await sharp(join(folder, output)).metadata()).depth).toBe(depth);
    expect((await readdir(folder)).filter((name) => name.includes(".deblur-"))).toEqual([]);
  });

  it("writes a JPEG with the chosen quality", async () => {
    output = output.replace(".png", ".jpg");
    await deblur(["a.png", "-o", output, ...copy, "--quality", "40"]);
    const written = await readFile(join(folder, output));
    const best = output.replace(".jpg", "-best.jpg");
    await deblur(["a.png", "-o", best, ...copy, "--quality", "100"]);
    expect(await sharp(written).metadata()).toMatchObject({ ...size, format: "jpeg" });
    expect(written.length).toBeLessThan((await readFile(join(folder, best))).length / 2);
  });

  it("reports a format with fewer bits than the input", async () => {
    output = output.replace(".png", ".jpg");
    const { code, stderr } = await deblur(["wide.png", "-o", output, ...copy]);
    expect(code).toBe(0);
    expect(stderr).toContain(`${output}: 16 bits become 8, JPEG has no more\n`);
  });
});

describe("a failure is reported in one line with an exit code, and leaves nothing", () => {
  it.each([
    [2, ["a.png", "--tile", "100"], /^deblur: Expected an integer .* Try deblur --help\.$/],
    [
      2,
      ["report", "a.png"],
      /^deblur: Expected a page ending in \.html .* Try deblur report --help\.$/,
    ],
    [65, ["cut.png", ...copy], /^deblur: cut\.png: damaged or cut short PNG/],
    [
      65,
      ["text.png", ...copy],
      /^deblur: text\.png: Expected a PNG, JPEG, WebP, .* but found another/,
    ],
    [65, ["a.png", ...copy, "--max-pixels", "13999"], /Expected at most 13999 pixels but found/],
    [65, ["a.png", "--weights", "not.safetensors"], /^deblur: not\.safetensors: Expected weights /],
    [66, ["missing.png", ...copy], /^deblur: missing\.png: no such file$/],
    [66, ["a.png", "--weights", "missing"], /^deblur: missing: no such file$/],
    [66, ["a.png", "--weights", "."], /^deblur: \.: is not a regular file$/],
    [69, ["a.png", "--preset", "paper"], /preset paper are not bundled: give --weights FILE$/],
  ])("%i: %j", async (code, words, line) => {
    const ended = await deblur([...words, "-o", output]);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr.trimEnd()).toMatch(line);
    expect(ended.stderr.match(/\n/g)).toHaveLength(1);
    await expectNothingLeft();
  });

  it("2: an output in an unknown format", async () => {
    const ended = await deblur(["a.png", "-o", "a.bmp", ...copy]);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/ending in one of \.png, .* but received "a\.bmp"\. Try/);
  });

  it("2: weights of another preset than the chosen one", async () => {
    const weights = join(import.meta.dirname, "../../weights/ufpnet-lite.safetensors");
    const ended = await deblur([
      ...["a.png", "-o", output, "--weights", weights],
      ...["--preset", "small"],
    ]);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/Expected weights of preset small but .* has those of lite/);
    await expectNothingLeft();
  });

  it("73: an existing output, which is kept, even before the input is read", async () => {
    await writeFile(join(folder, output), "precious");
    const ended = await deblur(["missing.png", "-o", output, ...copy]);
    expect(ended).toEqual({
      code: 73,
      stdout: "",
      stderr: `deblur: ${output}: exists already; --force replaces it\n`,
    });
    expect(await readFile(join(folder, output), "utf8")).toBe("precious");
  });

  it("73: the input as output", async () => {
    const before = await readFile(join(folder, "a.png"));
    expect((await deblur(["a.png", "-o", "./a.png", ...copy])).code).toBe(73);
    expect((await readFile(join(folder, "a.png"))).equals(before)).toBe(true);
  });

  it("73: an output folder that is missing, a file, or not writable", async () => {
    const missing = await deblur(["a.png", "-o", "no/where.png", ...copy]);
    expect(missing).toMatchObject({
      code: 73,
      stderr: expect.stringMatching(/^deblur: [^\n]*\n$/),
    });
    const noFolder = await deblur(["a.png", "-o", "a.jpg/out.png", ...copy]);
    expect(noFolder).toMatchObject({ code: 73, stderr: expect.stringMatching(/^[^\n]*\n$/) });
    // An existing folder that is not writable; only Linux has one that even root cannot write to.
    if (existsSync("/proc/self")) {
      expect(await deblur(["a.png", "-o", "/proc/out.png", ...copy])).toMatchObject({
        code: 73,
        stderr: "deblur: /proc/out.png: the folder /proc takes no new files\n",
      });
    }
  });

  it("replaces an output with --force only when the new one is complete", async () => {
    await writeFile(join(folder, output), "old");
    const failed = await deblur(["a.png", "-fo", output, ...copy], "failing");
    expect(failed.code).toBe(1);
    expect(await readFile(join(folder, output), "utf8")).toBe("old");
    expect((await deblur(["a.png", "-fo", output, ...copy])).code).toBe(0);
    expect((await samples(output)).equals(await samples("a.png"))).toBe(true);
  });

  it("replaces even the input with --force", async () => {
    await writeFile(join(folder, output), await readFile(join(folder, "a.png")));
    expect((await deblur([output, "-fo", output, ...copy])).code).toBe(0);
    expect((await samples(output)).equals(await samples("a.png"))).toBe(true);
  });

  it("decodes the intact part of a file with --tolerant, and reports it", async () => {
    const ended = await deblur(["cut.png", "-o", output, ...copy, "--tolerant"]);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(/cut\.png: damaged or cut short PNG .*; what could be decoded is/);
    const [found, whole] = [await samples(output), await samples("a.png")];
    expect(found.length).toBe(whole.length);
    const quarter = whole.length / 4;
    expect(found.subarray(0, quarter).equals(whole.subarray(0, quarter))).toBe(true);
  });
});

describe("a faulty engine never makes an output", () => {
  it.each([
    ["failing", 1, "stage deblur: the device is on fire"],
    ["failing-early", 1, "stage estimate-kernels: the device; is on fire"],
    ["nan", 1, "stage deblur: the net's output is not finite"],
    ["huge", 1, "stage deblur: residual RMS 1.0 exceeds 0.25"],
    ["hanging", 75, "stage deblur: no answer within 1 s"],
  ])(
    "fails with a %s engine: exit code %i, the message names rectangle and stage",
    async (fault, code, problem) => {
      const ended = await deblur(["a.png", "-qo", output, ...copy, "--tile-timeout", "1"], fault);
      expect(ended.code).toBe(code);
      expect(ended.stderr).toMatch(/^deblur: tile \d+×\d+ at \(\d+, \d+\), stage [^\n]*\n$/);
      expect(ended.stderr).toContain(problem);
      await expectNothingLeft();
    },
  );

  it.each(["failing", "failing-early", "nan", "huge", "hanging"])(
    "leaves the tile blurry and reports it with --on-tile-error copy: %s",
    async (fault) => {
      const ended = await deblur(
        [
          "a.png",
          "-o",
          output,
          ...copy,
          "--tile-timeout",
          "1",
          "--on-tile-error",
          "copy",
          "--json",
        ],
        fault,
      );
      expect(ended.code).toBe(0);
      const events = ended.stderr
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      const [tile] = events.filter(({ event, copied }) => event === "tile" && copied);
      expect(events.at(-1)).toMatchObject({ event: "done", copied: [tile.rect] });
      expect(events.filter(({ event }) => event === "note")).toMatchObject([
        { message: expect.stringMatching(/^left blurry: tile \d+×\d+ at /) },
      ]);
      expect((await samples(output)).equals(await samples("a.png"))).toBe(true);
    },
  );

  it("reports in lines how many tiles stayed blurry", async () => {
    const ended = await deblur(["a.png", "-o", output, ...copy, "--on-tile-error", "copy"], "nan");
    expect(ended.stderr).toMatch(/\n1 of \d+ tiles failed and stayed blurry\n$/);
  });
});

describe("progress", () => {
  it("starts with the plan and ends with the result", async () => {
    const { code, stdout, stderr } = await deblur(["a.png", "-o", output, ...copy]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    const lines = stderr.trimEnd().split("\n");
    expect(lines[0]).toMatch(
      /^a\.png: 140×100, 3 × 8 bits; engine copy; \d+ tiles of 64×64 \(halo 16\)/,
    );
    expect(lines.at(-2)).toMatch(/^100 % {2}(\d+)\/\1 tiles {2}0:\d\d elapsed$/);
    expect(lines.at(-1)).toMatch(/^out-\d+\.png: 0\.014 MP in [\d.]+ s, [\d.]+ MP\/s$/);
  });

  it("counts every tile once and ends with done, with --json", async () => {
    const { stderr } = await deblur(["a.png", "-o", output, ...copy, "--json"]);
    const events = stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const { tiles } = events[0];
    expect(events[0]).toMatchObject({ version: 1, event: "start", ...size, tile: 64, halo: 16 });
    expect(events.at(-1)).toMatchObject({ version: 1, event: "done", output, copied: [] });
    const reports = events.slice(1, -1);
    expect(reports.map(({ done }) => done)).toEqual(Array.from({ length: tiles }, (_, i) => i + 1));
    const area = reports.reduce((sum, { rect }) => sum + rect.width * rect.height, 0);
    expect(area).toBe(size.width * size.height);
  });

  it("writes errors as JSON with --json, also those of wrong arguments", async () => {
    const missing = await deblur(["missing.png", "-o", output, "--json"]);
    expect(JSON.parse(missing.stderr)).toMatchObject({ name: "NoInputError", exitCode: 66 });
    const unread = await deblur(["a.png", "--json", "--tiles"]);
    expect(JSON.parse(unread.stderr)).toMatchObject({ name: "OptionError", exitCode: 2 });
  });

  it("prints --help and --version on standard output", async () => {
    const help = await deblur(["--help"]);
    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(help.stdout).toMatch(/^Usage: deblur IN -o OUT/);
    const { version } = JSON.parse(
      await readFile(join(import.meta.dirname, "../../package.json"), "utf8"),
    );
    expect(await deblur(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });
});

describe("a stopped run", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("leaves no output after %s in the middle: exit code %i", async (signal, code) => {
    const ended = await runDeblur(["a.png", "-o", output, ...copy], {
      cwd: folder,
      fault: "slow",
      env: { AT_TILE: "2", SIGNAL: signal },
    });
    expect(ended.code).toBe(code);
    expect(ended.stderr).toContain(
      `deblur: stopped by ${signal}; nothing was written to ${output}\n`,
    );
    await expectNothingLeft();
  });

  it("ends at once at a second SIGINT, even while it closes", async () => {
    let impatience: NodeJS.Timeout | undefined;
    const ended = await runDeblur(["a.png", "-o", output, ...copy], {
      cwd: folder,
      fault: "endless",
      onFirstWord: (child) => {
        impatience = setInterval(() => child.kill("SIGINT"), 100);
      },
    });
    clearInterval(impatience);
    expect(ended.code).toBe(130);
    expect(ended.stderr).toMatch(
      /\ndeblur: stopped by SIGINT again; nothing was written to out-\d+\.png\n$/,
    );
    await expectNothingLeft();
  });

  it("ends by a second SIGINT in the middle of native code, and leaves nothing", async () => {
    let impatience: NodeJS.Timeout | undefined;
    const ended = await runDeblur(["a.png", "-o", output], {
      cwd: folder,
      onFirstWord: (child) => {
        child.kill("SIGINT");
        impatience = setInterval(() => child.kill("SIGINT"), 10);
      },
    });
    clearInterval(impatience);
    expect(ended.code).toBe(130);
    await expectNothingLeft();
  });

  it("continues without a reader of its progress", async () => {
    const ended = await runDeblur(["a.png", "-o", output, ...copy], {
      cwd: folder,
      fault: "slow",
      onFirstWord: (child) => child.stderr?.destroy(),
    });
    expect(ended.code).toBe(0);
    expect((await samples(output)).equals(await samples("a.png"))).toBe(true);
  });
});
