/** Tests which engine computes if ONNX Runtime is installed, missing or broken, and what `deblur engines` lists. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engineNames } from "../../src/pipeline/engines/engine-table.ts";
import { install } from "../helpers/install.ts";
import { runDeblur } from "../helpers/run-deblur.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const weights = join(root, "test/fixtures/ufpnet-micro-k7.weights.safetensors");
const runtime = "onnxruntime-node";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-engines-"));
  const noise = Uint8Array.from({ length: 3 * 48 * 40 }, (_, i) => 128 + 60 * Math.sin(i * i));
  await sharp(noise, { raw: { width: 48, height: 40, channels: 3 } })
    .png()
    .toFile(join(folder, "in.png"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Makes an installation with `script` in place of ONNX Runtime, or without one; returns the path of its command. */
const installOnnx = (name: string, script?: string): Promise<string> =>
  install(join(folder, name), {
    without: [runtime],
    modules: script === undefined ? {} : { [runtime]: script },
  });

const broken = 'throw new Error("libonnxruntime.so.1: invalid ELF header\\nRequire stack:\\n- x");';
const dying = `setTimeout(() => { throw new Error("lost"); }, 0);
exports.env = { versions: { node: "1.0.0" } };
exports.InferenceSession = { create: () => new Promise(() => {}) };`;
const refusing = `exports.env = { versions: { node: "1.0.0" } };
exports.InferenceSession = { create: async () => { throw new Error("no such operator"); } };`;

describe("without ONNX Runtime", () => {
  let script: string;
  beforeAll(async () => {
    script = await installOnnx("missing");
  });
  const words = ["in.png", "--weights", weights, "--tile", "48", "--halo", "16"];
  const deblur = (...more: string[]) => runDeblur([...words, ...more], { cwd: folder, script });

  it("continues with tfjs-wasm under auto, and reports it before the first tile", async () => {
    const { code, stdout, stderr } = await deblur("-o", "auto.png");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    const [note, plan] = stderr.split("\n");
    expect(note).toMatch(
      /^ONNX Runtime cannot be loaded \(Cannot find package 'onnxruntime-node' .*\); needed: .*; continuing with tfjs-wasm$/,
    );
    expect(plan).toContain("engine tfjs-wasm;");
    const named = await deblur("-o", "named.png", "--engine", "tfjs-wasm", "--json");
    expect(named.code).toBe(0);
    const [start, ...events] = named.stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(start).toMatchObject({ event: "start", engine: { engine: "tfjs-wasm", threads: 1 } });
    expect(events.filter(({ event }) => event === "note")).toEqual([]);
    const [one, other] = await Promise.all(
      ["auto.png", "named.png"].map((name) => readFile(join(folder, name))),
    );
    expect(one).toEqual(other);
  });

  it("refuses onnx by name, with found, needed and the command in one line", async () => {
    expect(await deblur("-o", "none.png", "--engine", "onnx")).toEqual({
      code: 69,
      stdout: "",
      stderr: expect.stringMatching(
        /^deblur: ONNX Runtime cannot be loaded \(.*\); needed: onnxruntime-node on \S+ \S+; ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node\n$/,
      ),
    });
    expect((await readdir(folder)).filter((name) => name.includes("none.png"))).toEqual([]);
  });
});

it("fails if a runtime loads but cannot open the net, instead of continuing with another", async () => {
  const script = await installOnnx("refusing", refusing);
  const words = ["in.png", "-qo", "refused.png", "--weights", weights];
  const { code, stderr } = await runDeblur(words, { cwd: folder, script });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^deblur: Error: no such operator/);
  expect((await readdir(folder)).filter((name) => name.includes("refused.png"))).toEqual([]);
});

describe("deblur engines", () => {
  it("lists for every engine whether it works here, and how it was tested", async () => {
    const ended = await runDeblur(["engines"], { cwd: folder });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const lines = ended.stdout.trimEnd().split("\n");
    expect(lines.map((line) => line.split(" ")[0])).toEqual(engineNames);
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^onnx {2,}yes {2}onnxruntime-node \d+\.\d+\.\d+$/),
        expect.stringMatching(/^tfjs-wasm {2,}yes {2}tfjs-backend-wasm \d+\.\d+\.\d+$/),
        expect.stringMatching(/^copy {2,}yes {2}/),
        expect.stringMatching(/^onnx-directml {2,}no .* \(not run by us\)$/),
        expect.stringMatching(/^onnx-webgpu {2,}.* \(run by us on software drivers only\)$/),
      ]),
    );
  });

  it("measures a tile on request", async () => {
    const ended = await runDeblur(["engines", "--probe", "--json"], { cwd: folder });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const { engines } = JSON.parse(ended.stdout);
    for (const { usable, tileSeconds } of engines) {
      expect(tileSeconds).toEqual(usable ? expect.any(Number) : null);
    }
  });

  it.each([
    ["missing", undefined, "Cannot find package 'onnxruntime-node'"],
    ["broken", broken, "libonnxruntime.so.1: invalid ELF header"],
    ["dying", dying, "lost"],
  ])("survives a runtime that is %s, and reports the reason", async (state, text, found) => {
    const script = await installOnnx(`engines-${state}`, text);
    const ended = await runDeblur(["engines", "--json"], { cwd: folder, script });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const { engines } = JSON.parse(ended.stdout);
    const of = (wanted: string) =>
      engines.find(({ name }: { name: string }) => name === wanted) as object;
    expect(of("onnx")).toMatchObject({
      usable: false,
      version: null,
      problem: expect.stringContaining(found),
    });
    if (state !== "dying") {
      const command = "ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node";
      expect(of("onnx")).toMatchObject({ command, problem: expect.stringContaining(command) });
    }
    expect(of("tfjs-wasm")).toMatchObject({ usable: true, problem: null, command: null });
  });
});
