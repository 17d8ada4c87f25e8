/** Tests the named commands of the built command line: their output, their files, their errors. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSafetensors } from "../../src/model/weights/safetensors.ts";
import { runDeblur } from "../helpers/run-deblur.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const pth = fixture("ufpnet-micro-k7.pth");
const safetensors = fixture("ufpnet-micro-k7.weights.safetensors");

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-commands-"));
  await writeFile(join(folder, "text"), "not weights at all");
  await writeFile(join(folder, "taken"), "precious");
});
afterAll(() => rm(folder, { recursive: true }));

const deblur = (...words: string[]) => runDeblur(words, { cwd: folder });
const silent = { code: 0, stdout: "", stderr: "" };

describe("import", () => {
  it("makes weights that deblurring accepts, and prints nothing", async () => {
    const words = ["import", pth, "-o", "w.safetensors", "--dtype", "f16", "--train-patch", "24"];
    expect(await deblur(...words)).toEqual(silent);
    const { metadata, dtypes } = readSafetensors(await readFile(join(folder, "w.safetensors")));
    expect(metadata).toMatchObject({ width: "4", train_patch: "24" });
    expect(dtypes.get("intro.weight")).toBe("F16");
    const info = await deblur("info", "w.safetensors", "--json");
    expect(JSON.parse(info.stdout)).toMatchObject({ config: { width: 4, trainPatch: 24 } });
  });

  it("replaces a file only with --force", async () => {
    expect(await deblur("import", pth, "-o", "taken")).toEqual({
      code: 73,
      stdout: "",
      stderr: "deblur: taken: exists already; --force replaces it\n",
    });
    expect(await readFile(join(folder, "taken"), "utf8")).toBe("precious");
    expect(await deblur("import", pth, "-o", "taken", "--force")).toEqual(silent);
    expect(readSafetensors(await readFile(join(folder, "taken"))).tensors.size).toBe(384);
  });
});

describe("export", () => {
  it("prints the paths of its files, in the order they run", async () => {
    const { stdout, ...ended } = await deblur("export", safetensors, "-o", "net");
    expect(ended).toEqual({ code: 0, stderr: "" });
    const names = ["estimate-kernels.onnx", "decode-flow.onnx", "restore.onnx"];
    expect(stdout).toBe(names.map((name) => `${join("net", name)}\n`).join(""));
    expect((await readdir(join(folder, "net"))).sort()).toEqual(names.toSorted());
    const again = await deblur("export", safetensors, "-o", "net");
    expect(again).toMatchObject({ code: 73, stdout: "" });
    const tlc = await deblur("export", safetensors, "-fo", "net", "--pooling", "tlc");
    expect(tlc).toMatchObject({ code: 0, stdout, stderr: "" });
    expect((await readFile(join(folder, "net/restore.onnx"))).includes("CumSum")).toBe(true);
  });
});

describe("info", () => {
  it("prints lines for a reader", async () => {
    const { stdout, ...ended } = await deblur("info", safetensors);
    expect(ended).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^preset {7}none$/m);
    expect(stdout).toMatch(
      /^sha-256 {6}0a562bb70391eeabe08746154fe6278f401ae0e9c52220ce0b8ab658e8520718$/m,
    );
    expect(stdout).toMatch(/^at 256×256 .* multiply–accumulates/m);
  });

  it("prints one object for a program", async () => {
    const lite = fileURLToPath(new URL("../../weights/ufpnet-lite.safetensors", import.meta.url));
    const { stdout, ...ended } = await deblur("info", lite, "--json");
    expect(ended).toEqual({ code: 0, stderr: "" });
    expect(stdout.match(/\n/g)).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({ version: 1, path: lite, preset: "lite" });
    expect(JSON.parse((await deblur("info", pth, "--json")).stdout).preset).toBeNull();
  });
});

describe("a failure of a command is reported in one line with an exit code", () => {
  it.each([
    [2, ["import", pth], /^deblur: Expected --output FILE .*\. Try deblur import --help\.$/],
    [
      2,
      ["info", "text", "--tile", "64"],
      /^deblur: Unknown option --tile\. Try deblur info --help\.$/,
    ],
    [2, ["import", pth, "-o", "w.pth"], /ending in \.safetensors but received "w\.pth"\. Try/],
    [65, ["import", "text", "-o", "x"], /^deblur: text: Expected weights /],
    [65, ["export", "text", "-o", "x"], /^deblur: text: Expected weights /],
    [
      65,
      ["info", "text"],
      /: Expected weights \(safetensors or \.pth\) but found another kind of file$/,
    ],
    [
      65,
      ["a.png", "-o", "b.png", "--weights", pth],
      /\.pth: a PyTorch file; first deblur import \S+ -o FILE\.safetensors$/,
    ],
    [66, ["import", "none", "-o", "x"], /^deblur: none: no such file$/],
    [66, ["export", ".", "-o", "x"], /^deblur: \.: is not a regular file$/],
    [66, ["info", "none"], /^deblur: none: no such file$/],
    [
      73,
      ["import", pth, "-o", "no/x"],
      /^deblur: no\/x: the folder no does not exist; create it first$/,
    ],
    [73, ["export", safetensors, "-o", "text"], /^deblur: text: cannot be made: /],
  ])("%i: %j", async (code, words, line) => {
    if (words[0] === "a.png") await writeFile(join(folder, "a.png"), tinyPng);
    const before = await readdir(folder);
    const ended = await deblur(...words);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr.trimEnd()).toMatch(line);
    expect(ended.stderr.match(/\n/g)).toHaveLength(1);
    expect(await readdir(folder)).toEqual(before);
  });

  it("is written as JSON with --json", async () => {
    const { code, stdout, stderr } = await deblur("info", "none", "--json");
    expect({ code, stdout }).toEqual({ code: 66, stdout: "" });
    expect(JSON.parse(stderr)).toMatchObject({
      event: "error",
      name: "NoInputError",
      exitCode: 66,
    });
  });
});

/** A grey pixel. */
const tinyPng = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==",
  "base64",
);

it("prints --help of a command on standard output", async () => {
  const { stdout, ...ended } = await deblur("engines", "--help");
  expect(ended).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^Usage: deblur engines \[options\]\n/);
});
