/** Tests the built command with many pictures and a folder: selection, names, single failures. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runDeblur, signalAtWord } from "../helpers/run-deblur.ts";
import { imageOf, noise } from "../io/sources/images.ts";

const size = { width: 60, height: 40, channels: 3, bits: 8 } as const;
const wide = { ...size, bits: 16 } as const;
const copy = ["--engine", "copy"];

let template: string;
/** A copy of the template, fresh for each test: folder photos, and a picture beside it. */
let folder: string;
beforeAll(async () => {
  template = await mkdtemp(join(tmpdir(), "deblur-folders-"));
  await mkdir(join(template, "photos/trip/day 1"), { recursive: true });
  const image = imageOf(noise(size), size);
  await image.clone().png().toFile(join(template, "lone.png"));
  await image.clone().png().toFile(join(template, "photos/one.png"));
  await image.clone().jpeg().toFile(join(template, "photos/trip/two.JPG"));
  await imageOf(noise(wide), wide)
    .tiff({ compression: "lzw" })
    .toFile(join(template, "photos/trip/day 1/three.tiff"));
  await writeFile(join(template, "photos/notes.txt"), "no picture");
  await writeFile(join(template, "photos/trip/.hidden.png"), "hidden");
});
afterAll(() => rm(template, { recursive: true }));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-folders-"));
  await cp(template, folder, { recursive: true });
  return () => rm(folder, { recursive: true });
});

const deblur = (...words: string[]) => runDeblur([...words, ...copy], { cwd: folder });

const three = ["one.png", "trip/day 1/three.tiff", "trip/two.JPG"];

/** Every file below `name`, hidden ones too. */
async function filesBelow(name: string): Promise<string[]> {
  const entries = await readdir(join(folder, name), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  return files.map((it) => relative(join(folder, name), join(it.parentPath, it.name))).sort();
}

const samples = (name: string) =>
  sharp(join(folder, name), { ignoreIcc: true }).raw({ depth: "ushort" }).toBuffer();

const eventsOf = ({ stderr }: { stderr: string }) =>
  stderr
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("a folder", () => {
  it("keeps its structure, and each picture its format and depth", async () => {
    expect(await deblur("photos", "-qo", "out")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await filesBelow("out")).toEqual(three);
    for (const name of ["one.png", "trip/day 1/three.tiff"]) {
      expect((await samples(`out/${name}`)).equals(await samples(`photos/${name}`))).toBe(true);
    }
    const formats = await Promise.all(
      three.map((name) => sharp(join(folder, "out", name)).metadata()),
    );
    expect(formats.map(({ format, depth }) => [format, depth])).toEqual([
      ["png", "uchar"],
      ["tiff", "ushort"],
      ["jpeg", "uchar"],
    ]);
  });

  it("is reported with its number of pictures, the skipped files, and each result", async () => {
    const { stderr } = await deblur("photos/", "-o", "out/");
    const lines = stderr.trimEnd().split("\n");
    expect(lines[0]).toBe(
      "3 pictures; skipped: 1 hidden, 1 not named as pictures (photos/notes.txt)",
    );
    expect(lines[1]).toMatch(/^\[1\/3\] photos\/one\.png: 60×40, 3 × 8 bits; engine copy; 1 tile/);
    expect(lines.slice(2, 5).map((line) => line.replace(/:.*/, ""))).toEqual([
      "[1/3] out/one.png",
      "[2/3] out/trip/day 1/three.tiff",
      "[3/3] out/trip/two.JPG",
    ]);
    expect(lines.slice(5)).toEqual([expect.stringMatching(/^3 pictures in \d:\d\d$/)]);
  });

  it("has the picture's name in every event of --json", async () => {
    const events = eventsOf(await deblur("photos", "-o", "out", "--json"));
    expect(events[0]).toMatchObject({ event: "found", files: 3, hidden: 1, others: 1 });
    expect(events.at(-1)).toMatchObject({ event: "summary", files: 3, failed: 0 });
    expect(events.slice(1, 3)).toMatchObject([
      { event: "skipped", input: "photos/notes.txt", reason: "other" },
      { event: "skipped", input: "photos/trip/.hidden.png", reason: "hidden" },
    ]);
    const reports = events.slice(3, -1);
    const inputs = three.map((name) => join("photos", name));
    expect(reports.map(({ event, input }) => [event, input])).toEqual(
      inputs.flatMap((input) => ["start", "tile", "done"].map((event) => [event, input])),
    );
    const starts = reports.filter(({ event }) => event === "start");
    expect(starts.map(({ file, files }) => [file, files])).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
  });

  it("gets another format and suffix with --format, but the same names", async () => {
    expect((await deblur("photos", "-o", "out", "--format", "png")).code).toBe(0);
    expect(await filesBelow("out")).toEqual(["one.png", "trip/day 1/three.png", "trip/two.png"]);
    const { format, depth } = await sharp(join(folder, "out/trip/day 1/three.png")).metadata();
    expect([format, depth]).toEqual(["png", "ushort"]);
  });

  it("applies a quality to the pictures whose format has one", async () => {
    expect((await deblur("photos", "-o", "out", "--quality", "30")).code).toBe(0);
    expect((await deblur("photos", "-o", "best", "--quality", "100")).code).toBe(0);
    const [poor, best] = await Promise.all(
      ["out", "best"].map((name) => readFile(join(folder, name, "trip/two.JPG"))),
    );
    expect((poor as Buffer).length).toBeLessThan((best as Buffer).length / 2);
  });

  it("applies options of TIFF to the TIFFs alone", async () => {
    expect((await deblur("photos", "-o", "out", "--compression", "none")).code).toBe(0);
    expect(await filesBelow("out")).toEqual(three);
    expect((await deblur("photos", "-o", "small", "--compression", "deflate")).code).toBe(0);
    const [plain, deflated] = await Promise.all(
      ["out", "small"].map((name) => readFile(join(folder, name, "trip/day 1/three.tiff"))),
    );
    expect((plain as Buffer).length).toBeGreaterThan((deflated as Buffer).length);
  });

  it("may contain the output folder, whose pictures are not restored again", async () => {
    expect((await deblur(".", "-o", "photos/out")).code).toBe(0);
    expect((await deblur(".", "-fo", "photos/out")).code).toBe(0);
    const expected = ["lone.png", ...three.map((name) => join("photos", name))];
    expect(await filesBelow("photos/out")).toEqual(expected);
  });

  it("skips links to folders, also circular ones, but not links to pictures", async () => {
    await symlink("..", join(folder, "photos/trip/up"));
    await symlink("self", join(folder, "photos/self"));
    await symlink("../lone.png", join(folder, "photos/linked.png"));
    expect((await deblur("photos", "-o", "out")).code).toBe(0);
    expect(await filesBelow("out")).toEqual(["linked.png", ...three]);
  });

  it("66: without pictures, or missing", async () => {
    await mkdir(join(folder, "empty"));
    expect(await deblur("empty", "-o", "out")).toMatchObject({
      code: 66,
      stderr: expect.stringMatching(/^deblur: empty: Expected pictures but found [^\n]*\n$/),
    });
    const missing = { code: 66, stderr: "deblur: photso: no such file\n" };
    expect(await deblur("photso", "-o", "out/")).toMatchObject(missing);
    expect((await readdir(folder)).sort()).toEqual(["empty", "lone.png", "photos"]);
  });
});

describe("several pictures", () => {
  it("go into a folder under their own names; a folder among them under its name", async () => {
    expect((await deblur("lone.png", "photos/trip", "photos/one.png", "-o", "out")).code).toBe(0);
    expect(await filesBelow("out")).toEqual([
      "lone.png",
      "one.png",
      "trip/day 1/three.tiff",
      "trip/two.JPG",
    ]);
  });

  it("go into a folder that exists or ends in a slash, also a single one", async () => {
    expect((await deblur("lone.png", "-qo", "photos")).code).toBe(0);
    const one = await deblur("lone.png", "-o", "new/");
    expect(one.stderr).toMatch(/^lone\.png: 60×40, .*\n100 %.*\nnew\/lone\.png: .*\n$/);
    expect(await filesBelow("new")).toEqual(["lone.png"]);
    expect(await filesBelow("photos")).toContain("lone.png");
  });

  it("keep name and format even if these disagree", async () => {
    await cp(join(folder, "lone.png"), join(folder, "a.jpg"));
    expect((await deblur("a.jpg", "lone.png", "-o", "out")).code).toBe(0);
    expect((await sharp(join(folder, "out/a.jpg")).metadata()).format).toBe("png");
  });

  it("are finished and end with the failure's exit code if one of them fails", async () => {
    await writeFile(join(folder, "photos/bad.png"), "not a picture");
    const ended = await deblur("photos", "lone.png", "-qo", "out");
    expect(ended).toEqual({
      code: 65,
      stdout: "",
      stderr:
        "deblur: photos/bad.png: Expected a PNG, JPEG, WebP, AVIF, TIFF, GIF or HEIF but found another kind of file\ndeblur: 1 of 5 pictures failed\n",
    });
    expect(await filesBelow("out")).toEqual(["lone.png", ...three.map((it) => `photos/${it}`)]);
    const events = eventsOf(await deblur("photos", "lone.png", "-fo", "out", "--json"));
    expect(events.filter(({ event }) => event === "error")).toEqual([
      expect.objectContaining({
        ...{ input: "photos/bad.png", output: "out/photos/bad.png", file: 1, files: 5 },
      }),
      expect.objectContaining({ name: "ImagesFailedError", exitCode: 65 }),
    ]);
    const lines = (await deblur("photos", "lone.png", "-fo", "out")).stderr.split("\n");
    expect(lines.slice(0, 4)).toEqual([
      "5 pictures; skipped: 1 hidden, 1 not named as pictures (photos/notes.txt)",
      expect.stringMatching(/^deblur: \[1\/5\] photos\/bad\.png: Expected a PNG, /),
      expect.stringMatching(/^\[2\/5\] photos\/one\.png: 60×40, /),
      expect.stringMatching(/^\[2\/5\] out\/photos\/one\.png: 0\.0024 MP in [\d.]+ s$/),
    ]);
  });

  it("end with exit code 1 after failures of several kinds", async () => {
    await writeFile(join(folder, "bad.png"), "not a picture");
    const ended = await deblur("bad.png", "missing.png", "lone.png", "-qo", "out");
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/\ndeblur: missing\.png: no such file\ndeblur: 2 of 3 pictures/);
    expect(await filesBelow("out")).toEqual(["lone.png"]);
  });

  it("end with 73 if outputs exist, unless --force", async () => {
    await mkdir(join(folder, "out"));
    await writeFile(join(folder, "out/lone.png"), "precious");
    const kept = await deblur("lone.png", "photos/one.png", "-qo", "out");
    expect(kept.code).toBe(73);
    expect(kept.stderr).toBe(
      "deblur: out/lone.png: exists already; --force replaces it\n" +
        "deblur: 1 of 2 pictures failed; --skip-existing skips outputs that exist\n",
    );
    expect(await readFile(join(folder, "out/lone.png"), "utf8")).toBe("precious");
    expect(await filesBelow("out")).toEqual(["lone.png", "one.png"]);
    expect((await deblur("lone.png", "photos/one.png", "-fqo", "out")).code).toBe(0);
    expect((await samples("out/lone.png")).equals(await samples("lone.png"))).toBe(true);
  });
});

describe("--skip-existing", () => {
  it("resumes a folder: skips and counts existing outputs, and ends with 0", async () => {
    await mkdir(join(folder, "out"));
    await writeFile(join(folder, "out/one.png"), "made before");
    const ended = await deblur("photos", "-o", "out", "--skip-existing");
    expect(ended.code).toBe(0);
    const lines = ended.stderr.trimEnd().split("\n");
    expect(lines[1]).toBe("[1/3] 1 output exists, skipped");
    expect(lines[2]).toMatch(/^\[2\/3\] photos\/trip\/day 1\/three\.tiff: 60×40/);
    expect(lines.at(-1)).toMatch(/^2 of 3 pictures in \d:\d\d; 1 skipped$/);
    expect(await readFile(join(folder, "out/one.png"), "utf8")).toBe("made before");
    expect(await filesBelow("out")).toEqual(three);
  });

  it("needs no engine if all outputs exist, and names each in --json", async () => {
    expect((await deblur("photos", "-qo", "out")).code).toBe(0);
    const again = ["photos", "-o", "out", "--skip-existing", "--weights", "missing", "--json"];
    const ended = await deblur(...again);
    expect(ended.code).toBe(0);
    const exist = eventsOf(ended).filter(({ reason }) => reason === "exists");
    expect(exist).toMatchObject(
      three.map((name, i) => ({
        ...{ event: "skipped", input: join("photos", name), output: join("out", name) },
        ...{ file: i + 1, files: 3 },
      })),
    );
    expect(eventsOf(ended).at(-1)).toMatchObject({ event: "summary", skipped: 3, failed: 0 });
  });

  it("still reports a failure, and an output that is no file", async () => {
    await mkdir(join(folder, "out/one.png"), { recursive: true });
    const ended = await deblur("photos", "-qo", "out", "--skip-existing");
    expect(ended).toMatchObject({
      code: 73,
      stderr: "deblur: out/one.png: is a directory\ndeblur: 1 of 3 pictures failed\n",
    });
  });

  it("skips a single picture without reading it, if all its outputs exist", async () => {
    await cp(join(folder, "lone.png"), join(folder, "done.png"));
    const once = await deblur("missing.png", "-o", "done.png", "--skip-existing");
    expect(once).toEqual({ code: 0, stdout: "", stderr: "done.png: exists, skipped\n" });
    const words = ["lone.png", "-qo", "done.png", "--skip-existing", "--sigma", "sigma.png"];
    expect(await deblur(...words)).toMatchObject({
      code: 73,
      stderr: "deblur: done.png: exists already; --force replaces it\n",
    });
    await writeFile(join(folder, "sigma.png"), "made before");
    expect((await deblur(...words)).code).toBe(0);
  });

  it("2: refused together with --force", async () => {
    expect(await deblur("photos", "-fo", "out", "--skip-existing")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/Expected one of --force, --skip-existing but received both/),
    });
  });
});

describe("refuses before any work", () => {
  it.each([
    [
      "two pictures that would become one",
      ["lone.png", "./lone.png", "-o", "out"],
      /both become out\/lone\.png/,
    ],
    [
      "the input's own folder",
      ["photos", "-fo", "photos"],
      /another folder than that of the input photos/,
    ],
    [
      "an input's own path",
      ["photos/one.png", "lone.png", "-fo", "."],
      /another folder than that of the input lone\.png/,
    ],
    [
      "a file's name for a folder",
      ["photos", "-o", "out.png"],
      /Expected a folder for several pictures but received "out\.png"/,
    ],
    [
      "a video's name for a folder",
      ["photos", "lone.png", "-o", "one.mp4"],
      /Expected a folder for several pictures but received "one\.mp4"; numbered pictures become a video by FFmpeg/,
    ],
    [
      "standard output",
      ["photos", "-o", "-"],
      /Expected a folder for several pictures but received "-"/,
    ],
    [
      "kernels of several pictures in one file",
      ["photos", "-o", "out", "--kernels", "k.png"],
      /Expected one picture for a file of kernels/,
    ],
    ["standard input among others", ["-", "lone.png", "-o", "out"], /standard input among them/],
  ])("2: %s", async (_, words, line) => {
    const before = await filesBelow(".");
    const ended = await deblur(...words);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toMatch(line);
    expect(ended.stderr.match(/\n/g)).toHaveLength(1);
    expect(await filesBelow(".")).toEqual(before);
  });

  it("2: suffixes that --format makes equal", async () => {
    await cp(join(folder, "lone.png"), join(folder, "lone.jpg"));
    const ended = await deblur("lone.png", "lone.jpg", "-o", "out", "--format", "tiff");
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/lone\.png and lone\.jpg would both become out\/lone\.tif/);
  });

  it("73: a file where the folder should be", async () => {
    expect(await deblur("photos", "-o", "lone.png")).toMatchObject({
      code: 73,
      stderr: "deblur: lone.png: is not a folder\n",
    });
  });
});

describe("a run that ends early", () => {
  it("keeps the finished outputs and nothing else", async () => {
    const ended = await runDeblur(["photos", "-o", "out", ...copy], {
      cwd: folder,
      fault: "slow",
      env: signalAtWord("SIGINT", "[1/3] out/one.png: "),
    });
    expect(ended.code).toBe(130);
    expect(ended.stderr).toMatch(/\ndeblur: stopped by SIGINT; finished pictures are in out\n$/);
    expect(await filesBelow("out")).toEqual(["one.png"]);
  });
});
