/** Every engine this version knows, or will, in the order of preference: which of them work here, found by trying. */
import type { Engine } from "../model/engine.ts";
import { openCopyEngine } from "../model/engines/copy.ts";
import { openOnnxEngine } from "../model/engines/onnx-engine.ts";
import { openWasmEngine } from "../model/engines/tfjs-wasm-engine.ts";
import { oneLine } from "./one-line.ts";
import { readWeights } from "./weights-file.ts";

/** An engine, and how the attempt to use it ended. */
export interface TriedEngine {
  readonly name: string;
  readonly usable: boolean;
  /** None where it is not usable. */
  readonly version: string | undefined;
  /** Why it is not usable. */
  readonly problem: string | undefined;
  /** What would make it usable; none where nothing would, or it is. */
  readonly command: string | undefined;
}

/**
 * Tries the engines one after the other.
 * @throws as `readWeights` where the weights that come along are missing or damaged
 */
export async function listEngines(): Promise<TriedEngine[]> {
  const { bytes } = await readWeights({ weights: undefined, preset: "lite" });
  const settings = { weights: bytes, pooling: "global" } as const;
  return [
    await tryEngine("onnx", () => openOnnxEngine({ ...settings, threads: 1 }), {
      command: "ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node",
    }),
    await tryEngine("tfjs-wasm", () => openWasmEngine(settings), {
      command: "npm install @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm",
    }),
    await tryEngine("copy", async () => openCopyEngine(), { command: undefined }),
    ...["@tensorflow/tfjs-node", "@tensorflow/tfjs-node-gpu", "webgpu"].map((name) => ({
      name,
      usable: false,
      version: undefined,
      problem: "not in this version",
      command: undefined,
    })),
  ];
}

async function tryEngine(
  name: string,
  open: () => Promise<Engine>,
  { command }: Pick<TriedEngine, "command">,
): Promise<TriedEngine> {
  try {
    const version = await tryOnce(open);
    return { name, usable: true, version, problem: undefined, command: undefined };
  } catch (error) {
    const found = oneLine(error instanceof Error ? error.message : String(error));
    const remedy = command === undefined || found.includes(command) ? "" : `; ${command}`;
    return { name, usable: false, version: undefined, problem: `${found}${remedy}`, command };
  }
}

/** A tile of zeros through all stages; a library that loads may still not compute. */
async function tryOnce(open: () => Promise<Engine>): Promise<string> {
  const engine = await open();
  try {
    const image = await engine.upload(new Float32Array(3 * 16 * 16), 16, 16);
    const kernels = await engine.decodeFlow(await engine.estimateKernels(image));
    const { rms } = await engine.restore(image, kernels);
    if (!Number.isFinite(rms)) throw new Error("a tile of zeros came back not finite");
    return engine.identity.version;
  } finally {
    await engine.dispose();
  }
}
