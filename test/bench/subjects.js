/** What the bench runs: each is { name, macs, run() → { wall, cpu } in seconds, close() }. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as ort from "onnxruntime-node";
import { openOnnxEngine } from "../../dist/src/model/engines/device-engine.js";
import { openOnnxBackend } from "../../dist/src/model/engines/onnx/open-backend.js";
import { openTfjsBackend } from "../../dist/src/model/engines/tfjs/open-backend.js";
import { fold } from "../../dist/src/model/folding/folding.js";
import { onnxPasses, tfjsPasses } from "../../dist/src/model/folding/passes.js";
import { countMacs } from "../../dist/src/model/graph/costs.js";
import { buildNet } from "../../dist/src/model/nets/build-net.js";
import { encodeModel } from "../../dist/src/model/onnx/proto.js";
import { readSafetensors } from "../../dist/src/model/weights/safetensors.js";

const peer = fileURLToPath(new URL("./ufpnet-torch.py", import.meta.url));
const python = process.env["PYTHON"] ?? "python3";

const lastLine = (text) => text.trim().split("\n").at(-1);

/** Seconds of `work` on the clock and on all cores of this process. */
async function timed(work) {
  const cpu = process.cpuUsage();
  const begin = performance.now();
  await work();
  const wall = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { wall, cpu: (user + system) / 1e6 };
}

const pixelsOf = (side) =>
  Float32Array.from({ length: 3 * side * side }, (_, at) => (at % 251) / 251);

/** The machine's peak, as the runtime reaches it: a product of two square matrices. */
export async function openPeak(threads, side = 1536) {
  const values = Float32Array.from({ length: side * side }, (_, at) => (at % 17) / 17);
  const port = (name) => ({ name, dims: [side, side] });
  const model = encodeModel({
    name: "peak",
    opset: 17,
    inputs: [port("a")],
    outputs: [port("product")],
    inside: [],
    nodes: [{ op: "MatMul", inputs: ["a", "b"], output: "product" }],
    initializers: [{ name: "b", dims: [side, side], values }],
  });
  const session = await ort.InferenceSession.create(model, {
    intraOpNumThreads: threads,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });
  const a = new ort.Tensor("float32", values.slice(), [side, side]);
  return {
    name: "matrix product",
    macs: side ** 3,
    run: () => timed(() => session.run({ a })),
    close: () => session.release(),
  };
}

const backends = {
  onnx: { open: openOnnxBackend, passes: onnxPasses },
  "tfjs-wasm": { open: openTfjsBackend, passes: tfjsPasses },
};

/** The three stages of a net on one engine, and all three as a tile runs them. */
export async function openStages({ weights, engine, precision, pooling, side, threads }) {
  const { open, passes } = backends[engine];
  const file = readSafetensors(weights);
  const { graphs } = buildNet(file, pooling);
  const macs = Object.fromEntries(
    Object.entries(graphs).map(([name, graph]) => [
      name,
      countMacs(fold(graph, file.tensors, passes).graph, side, side),
    ]),
  );
  const settings = { weights, pooling, threads, precision, noise: undefined, adapter: undefined };
  const backend = await open(engine, settings);
  const image = backend.upload(pixelsOf(side), side, side);
  const codes = await backend.estimateKernels(image);
  const kernels = await backend.decodeFlow(codes.code, codes.sigma);
  const stage = (name, work, close = () => {}) => ({
    name,
    macs: macs[name],
    run: () => timed(work),
    close,
  });
  const estimate = async () => {
    const { code, sigma } = await backend.estimateKernels(image);
    for (const tensor of [code, sigma]) backend.release(tensor);
  };
  const decode = async () => backend.release(await backend.decodeFlow(codes.code, codes.sigma));
  const restore = () => backend.restore(image, kernels);
  const whole = async () => {
    const input = backend.upload(pixelsOf(side), side, side);
    const { code, sigma } = await backend.estimateKernels(input);
    const field = await backend.decodeFlow(code, sigma);
    await backend.restore(input, field);
    for (const tensor of [input, code, sigma, field]) backend.release(tensor);
  };
  return [
    stage("estimate-kernels", estimate),
    stage("decode-flow", decode),
    stage("restore", restore, () => backend.dispose()),
    {
      ...stage("whole", whole),
      residual: () => backend.restore(image, kernels),
      macs: Object.values(macs).reduce((a, b) => a + b, 0),
    },
  ];
}

/** `batch` tiles on as many engines side by side, as the pipeline runs them; times are those of one tile. */
export async function openBatch({ weights, pooling, side, threads, batch, macs }) {
  const engines = [];
  for (let i = 0; i < batch; i++) {
    engines.push(await openOnnxEngine({ weights, pooling, threads }));
  }
  const tile = async (engine) => {
    const image = await engine.upload(pixelsOf(side), side, side);
    const codes = await engine.estimateKernels(image);
    const kernels = await engine.decodeFlow(codes);
    engine.release(codes.code, codes.sigma);
    await engine.restore(image, kernels);
    engine.release(image, kernels);
  };
  const rounds = 2;
  return {
    name: "whole",
    macs,
    async run() {
      const { wall, cpu } = await timed(() =>
        Promise.all(
          engines.map(async (engine) => {
            for (let i = 0; i < rounds; i++) await tile(engine);
          }),
        ),
      );
      return { wall: wall / rounds / batch, cpu: cpu / rounds / batch };
    },
    close: () => Promise.all(engines.map((engine) => engine.dispose())),
  };
}

/** The same net in PyTorch, in a process of its own. @throws where python3 has no PyTorch */
export async function openTorch({ weightsPath, side, threads, stride, macs }) {
  const child = spawn(python, [peer, weightsPath, side, threads, stride].map(String), {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let complaint = "";
  child.stderr.on("data", (chunk) => {
    complaint += chunk;
  });
  child.on("error", ({ message }) => {
    complaint += message;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value: version } = await lines.next();
  if (version === undefined) throw new Error(lastLine(complaint));
  return {
    name: `PyTorch ${version}`,
    macs,
    async run() {
      child.stdin.write("run\n");
      const [wall, cpu] = (await lines.next()).value.split(" ").map(Number);
      return { wall, cpu };
    },
    async close() {
      child.stdin.end();
      await once(child, "exit");
    },
  };
}

/** The same net as PyTorch exports it, unchanged, in ONNX Runtime. @throws as openTorch */
export async function openExport({ weightsPath, side, threads, stride, macs, folder }) {
  const path = `${folder}/plain-export.onnx`;
  const args = [peer, weightsPath, side, threads, stride, path].map(String);
  await promisify(execFile)(python, args).catch(({ stderr, message }) => {
    throw new Error(lastLine(stderr || message));
  });
  const session = await ort.InferenceSession.create(path, {
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
  });
  const image = new ort.Tensor("float32", pixelsOf(side), [1, 3, side, side]);
  return {
    name: "plain ONNX export",
    macs,
    run: () => timed(() => session.run({ image })),
    residual: async () => (await session.run({ image })).residual.data,
    close: () => session.release(),
  };
}
