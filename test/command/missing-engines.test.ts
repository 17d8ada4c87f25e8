/**
 * Tests every way in which an engine may be missing, by modules planted in place of its packages. An engine by name ends
 * the run with exit code 69 and one line: what was found, what is needed and the command. Under auto the next engine
 * computes, and the line is a note.
 */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lookForGpus } from "../../src/pipeline/engines/gpu-presence.ts";
import { install } from "../helpers/install.ts";
import { needs } from "../helpers/needs.ts";
import { runDeblur } from "../helpers/run-deblur.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const weights = here("../fixtures/ufpnet-micro-k7.weights.safetensors");
const words = ["in.png", "--weights", weights, "--tile", "48", "--halo", "16"];

let folder: string;
let tensorflow: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-missing-"));
  tensorflow = await readFile(here("../helpers/tensorflow-stub.cjs"), "utf8");
  const noise = Uint8Array.from({ length: 3 * 32 * 16 }, (_, i) => 128 + 60 * Math.sin(i * i));
  await sharp(noise, { raw: { width: 32, height: 16, channels: 3 } })
    .png()
    .toFile(join(folder, "in.png"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Checks the line for an unavailable engine chosen by name. */
async function refusal(
  script: string,
  engine: string,
  { env = {}, adapter }: { env?: Record<string, string>; adapter?: string } = {},
): Promise<string> {
  const more = adapter === undefined ? [] : ["--adapter", adapter];
  const out = `${engine}-${Math.random()}.png`;
  const asked = [...words, "-o", out, "--engine", engine, ...more];
  const { code, stdout, stderr } = await runDeblur(asked, { cwd: folder, script, env });
  expect({ code, stdout, stderr }).toMatchObject({ code: 69, stdout: "" });
  expect(stderr).toMatch(/^deblur: [^\n]+ \([^\n]+\); needed: [^\n]+\n$/);
  expect((await readdir(folder)).filter((name) => name.includes(out))).toEqual([]);
  return stderr;
}

/** Returns the lines on standard error of a run that continues with another engine. */
async function auto(
  script: string,
  { env = {}, adapter }: { env?: Record<string, string>; adapter?: string } = {},
): Promise<string[]> {
  const more = adapter === undefined ? [] : ["--adapter", adapter];
  const asked = [...words, "-f", "-o", `auto-${Math.random()}.png`, ...more];
  const { code, stderr } = await runDeblur(asked, { cwd: folder, script, env });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return stderr.trimEnd().split("\n");
}

describe.each(["tfjs-node", "tfjs-node-gpu"])("%s", (engine) => {
  const name = `@tensorflow/${engine}`;
  let script: string;
  let bare: string;
  beforeAll(async () => {
    script = await install(join(folder, engine), {
      modules: { [name]: tensorflow },
      // With ONNX Runtime installed, tfjs-node is not the next.
      without: ["onnxruntime-node"],
    });
    bare = await install(join(folder, `${engine}-absent`));
  });
  const install4 = `npm install --save-dev ${name}@4.22.0`;

  it("is named with the command that installs it, if it is not installed", async () => {
    const line = await refusal(bare, engine);
    expect(line).toContain(`Cannot find package '${name}'`);
    expect(line).toContain(`needed: ${name} 4.22 with TensorFlow's library 2.9.1`);
    expect(line).toContain(`; ${install4}\n`);
    if (engine === "tfjs-node-gpu") expect(line).toMatch(/CUDA 11\.2, cuDNN 8\.1/);
  });

  it("is skipped silently by auto, if it is not installed", async () => {
    expect((await auto(bare))[0]).toMatch(/; engine (onnx|\S+ on )/);
  });

  const onGpu = engine === "tfjs-node-gpu";
  // By name it is tried on a machine without a GPU, too.
  const named = onGpu ? { adapter: "gpu" } : {};
  it.each([
    ["no binary", "The Node.js native addon module (tfjs_binding.node) can not be found"],
    ...(onGpu ? [["wrong CUDA", "libcudart.so.11.0: cannot open shared object file"]] : []),
    ...(onGpu ? [["no GPU", "TensorFlow 2.9.1 finds no GPU it can use"]] : []),
    ...(onGpu ? [] : [["own core", "it has its own tfjs-core, 4.22.0 beside 4.22.0"]]),
  ])("is refused by name with %s, and auto continues", async (fault, found) => {
    const env = { TENSORFLOW_STUB: fault as string };
    const line = await refusal(script, engine, { env, ...named });
    expect(line).toContain(`(${found}`);
    const notes = await auto(script, { env, ...named });
    const note = notes.find((one) => one.includes(found as string));
    expect(note).toMatch(/; continuing with tfjs-wasm$/);
    expect(notes).toContainEqual(expect.stringContaining("; engine tfjs-wasm;"));
  });

  it("restores with kernels that have only TensorFlow's paddings", async () => {
    for (const [by, out] of [
      [engine, "stub.png"],
      ["tfjs-wasm", "wasm.png"],
    ] as const) {
      const adapter = onGpu && by === engine ? ["--adapter", "gpu"] : [];
      const asked = [...words, "-f", "-o", out, "--engine", by, "--bits", "16", ...adapter];
      const { code, stderr } = await runDeblur(asked, { cwd: folder, script });
      expect({ code, stderr }).toMatchObject({ code: 0 });
    }
    const samples = async (name: string) =>
      new Uint16Array(
        (await sharp(join(folder, name)).raw({ depth: "ushort" }).toBuffer()).buffer.slice(0),
      );
    const [stub, wasm] = [await samples("stub.png"), await samples("wasm.png")];
    const largest = Math.max(...stub.map((value, i) => Math.abs(value - (wasm[i] as number))));
    expect(largest).toBeLessThanOrEqual(7); // 1e-4 of 65535
  });
});

describe("TensorFlow's package for GPUs on a machine without one", () => {
  let script: string;
  beforeAll(async () => {
    const modules = { "@tensorflow/tfjs-node-gpu": tensorflow };
    script = await install(join(folder, "no-gpu"), { modules });
  });
  const { noNvidia } = lookForGpus();
  needs("no GPU of NVIDIA", noNvidia !== undefined).test(
    "is refused before the library is loaded, with an engine that helps",
    async () => {
      const line = await refusal(script, "tfjs-node-gpu", {
        env: { TENSORFLOW_STUB: "no binary" },
      });
      expect(line).toContain(`(${noNvidia}); needed: an NVIDIA GPU`);
      expect(line).toContain("; engine `tfjs-node` uses the processor\n");
      const notes = await auto(script, { env: { TENSORFLOW_STUB: "no binary" } });
      expect(notes.join()).not.toContain("TensorFlow");
    },
  );

  it("computes on the processor if that is its adapter", async () => {
    const env = { TENSORFLOW_STUB: "no GPU" };
    const asked = [
      ...words,
      "-f",
      "-o",
      "cpu.png",
      "--engine",
      "tfjs-node-gpu",
      "--adapter",
      "cpu",
    ];
    const { code, stderr } = await runDeblur(asked, { cwd: folder, script, env });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toContain("engine tfjs-node-gpu on CPU;");
  });
});

describe("WebGPU", () => {
  const backend = "exports.WebGPUBackend = class {};";
  const dawn = (adapter: string) =>
    `exports.globals = {}; exports.create = () => ({ requestAdapter: async () => (${adapter}) });`;
  const software = `{
    info: { vendor: "", device: "llvmpipe-llvm-", description: "OpenGL ES" }, features: new Set(), limits: {},
    requestDevice: async () => ({ lost: new Promise(() => {}), destroy() {} }),
  }`;
  const ways: Record<string, { readonly webgpu?: string; readonly found: RegExp }> = {
    "the package absent": { found: /Cannot find package 'webgpu'/ },
    "its binary absent": {
      webgpu: 'throw new Error("dawn.node: cannot open shared object file");',
      found: /dawn\.node: cannot open/,
    },
    "no adapter": { webgpu: dawn("null"), found: /no name contains "some"/ },
    "another adapter": {
      webgpu: dawn(software),
      found: /no name contains "some"; found llvmpipe-llvm \(OpenGL ES\)/,
    },
  };

  it.each(Object.keys(ways))("is refused by name with %s", async (way) => {
    const { webgpu, found } = ways[way] as (typeof ways)[string];
    const script = await install(join(folder, `webgpu-${way.replaceAll(" ", "-")}`), {
      modules: { "@tensorflow/tfjs-backend-webgpu": core(backend), ...(webgpu && { webgpu }) },
    });
    // An adapter's name avoids the refusal on machines without a GPU.
    expect(await refusal(script, "tfjs-webgpu", { adapter: "some" })).toMatch(found);
    if (way === "no adapter") {
      expect(await refusal(script, "onnx-webgpu", { adapter: "some" })).toMatch(found);
      const notes = await auto(script, { adapter: "some" });
      const reports = notes.filter(
        (line) => found.test(line) && /; continuing with onnx$/.test(line),
      );
      expect(reports).toHaveLength(2);
      expect(notes).toContainEqual(expect.stringContaining("; engine onnx;"));
    }
  });

  it("is refused with a backend that has its own tfjs-core", async () => {
    const script = await install(join(folder, "webgpu-own-core"), {
      modules: { "@tensorflow/tfjs-backend-webgpu": backend, webgpu: dawn(software) },
    });
    const line = await refusal(script, "tfjs-webgpu", { adapter: "llvmpipe" });
    expect(line).toContain("it has its own tfjs-core");
    expect(line).toContain("&& npm dedupe");
  });

  /** Like the real one, its class is one of tfjs-core. */
  function core(script: string): string {
    return script.replace(
      "class {}",
      'class extends require("@tensorflow/tfjs-core").KernelBackend {}',
    );
  }
});

describe("a GPU's engine on a machine without one", () => {
  const { noGpu, noNvidia } = lookForGpus();
  const command = here("../../dist/bin/deblur.js");

  needs("no GPU", noGpu !== undefined).test("is refused before any library is loaded", async () => {
    expect(await refusal(command, "onnx-webgpu")).toContain(`(${noGpu})`);
  });

  needs("no GPU of NVIDIA", noNvidia !== undefined).test(
    "is refused with the reason for CUDA and TensorRT",
    async () => {
      for (const engine of ["onnx-cuda", "onnx-tensorrt"]) {
        const line = await refusal(command, engine);
        expect(line).toContain(`(${noNvidia})`);
        expect(line).toMatch(/CUDA 12 and cuDNN 9.*; npm explore onnxruntime-node -- node script/);
      }
    },
  );

  needs("another system than Windows", process.platform !== "win32").test(
    "is refused with the reason for DirectML",
    async () => {
      expect(await refusal(command, "onnx-directml")).toMatch(/is not Windows/);
    },
  );
});

describe("an ONNX Runtime without a provider", () => {
  it("lists the providers it has", async () => {
    const modules = {
      "onnxruntime-node": `exports.env = { versions: {} };
exports.listSupportedBackends = () => [{ name: "cpu" }];
exports.InferenceSession = { create: () => { throw new Error("no") } };`,
      webgpu: "throw new Error('no')",
    };
    const script = await install(join(folder, "no-provider"), { modules });
    const line = await refusal(script, "onnx-webgpu", { adapter: "any" });
    expect(line).toMatch(/ONNX Runtime cannot use webgpu \(this build for \S+ \S+ supports cpu\)/);
  });
});
