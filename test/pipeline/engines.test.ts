/**
 * Which engine computes, where ONNX Runtime is there, missing or broken: the built command in an installation
 * of its own, whose packages are links to ours.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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

/** An installation with `script` in the place of ONNX Runtime, or nothing; the path of its command. */
async function install(name: string, script?: string): Promise<string> {
  const home = join(folder, name);
  const packages = join(home, "node_modules");
  await mkdir(packages, { recursive: true });
  await cp(join(root, "dist"), join(home, "dist"), { recursive: true });
  await cp(join(root, "package.json"), join(home, "package.json"));
  await symlink(join(root, "weights"), join(home, "weights"));
  for (const one of await readdir(join(root, "node_modules"))) {
    if (one !== runtime) await symlink(join(root, "node_modules", one), join(packages, one));
  }
  if (script !== undefined) {
    await mkdir(join(packages, runtime));
    await writeFile(join(packages, runtime, "index.js"), script);
  }
  return join(home, "dist/bin/deblur.js");
}

const broken = 'throw new Error("libonnxruntime.so.1: invalid ELF header\\nRequire stack:\\n- x");';
const dying = `setTimeout(() => { throw new Error("lost"); }, 0);
exports.env = {};
exports.InferenceSession = { create: () => new Promise(() => {}) };`;
const refusing = `exports.env = {};
exports.InferenceSession = { create: async () => { throw new Error("no such operator"); } };`;

describe("without ONNX Runtime", () => {
  let script: string;
  beforeAll(async () => {
    script = await install("missing");
  });
  const words = ["in.png", "--weights", weights, "--tile", "48", "--halo", "16"];
  const deblur = (...more: string[]) => runDeblur([...words, ...more], { cwd: folder, script });

  it("auto goes on with tfjs-wasm, and says so before the first tile", async () => {
    const { code, stdout, stderr } = await deblur("-o", "auto.png");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    const [note, plan] = stderr.split("\n");
    expect(note).toMatch(
      /^ONNX Runtime cannot be loaded \(Cannot find package 'onnxruntime-node' .*\); needed: .*; going on with tfjs-wasm$/,
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

  it("onnx by name is unavailable: found, needed and the command in one line", async () => {
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

it("a runtime that loads but cannot open the net is an error, not a reason to go on", async () => {
  const script = await install("refusing", refusing);
  const words = ["in.png", "-qo", "refused.png", "--weights", weights];
  const { code, stderr } = await runDeblur(words, { cwd: folder, script });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^deblur: Error: no such operator/);
  expect((await readdir(folder)).filter((name) => name.includes("refused.png"))).toEqual([]);
});

describe("deblur engines", () => {
  const later = ["@tensorflow/tfjs-node", "@tensorflow/tfjs-node-gpu", "webgpu"];

  it("tells what works here, and what this version lacks", async () => {
    const ended = await runDeblur(["engines"], { cwd: folder });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const lines = ended.stdout.trimEnd().split("\n");
    expect(lines.slice(0, 3)).toEqual([
      expect.stringMatching(/^onnx {2,}yes {2}onnxruntime-node \d+\.\d+\.\d+$/),
      expect.stringMatching(/^tfjs-wasm {2,}yes {2}tfjs-backend-wasm \d+\.\d+\.\d+$/),
      expect.stringMatching(/^copy {2,}yes {2}/),
    ]);
    expect(lines.slice(3).map((line) => line.split(/ {2,}/))).toEqual(
      later.map((name) => [name, "no", "not in this version"]),
    );
  });

  it.each([
    ["missing", undefined, "Cannot find package 'onnxruntime-node'"],
    ["broken", broken, "libonnxruntime.so.1: invalid ELF header"],
    ["dying", dying, "lost"],
  ])("survives a runtime that is %s, and says why and what helps", async (state, text, found) => {
    const script = await install(`engines-${state}`, text);
    const ended = await runDeblur(["engines", "--json"], { cwd: folder, script });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const { engines } = JSON.parse(ended.stdout);
    expect(engines.map(({ name }: { name: string }) => name)).toEqual([
      ...["onnx", "tfjs-wasm", "copy"],
      ...later,
    ]);
    expect(engines[0]).toMatchObject({
      usable: false,
      version: null,
      problem: expect.stringContaining(found),
      command: "ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node",
    });
    expect(engines[0].problem).toMatch(
      /^[^\n]*; ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node$/,
    );
    expect(engines[1]).toMatchObject({ usable: true, problem: null, command: null });
  });
});
