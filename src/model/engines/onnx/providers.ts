/** Lists the providers of ONNX Runtime by engine name, with their requirements and the commands that install them. */
import type { Precision } from "../../engine.ts";

interface OnnxProvider {
  /** ONNX Runtime's name for it. */
  readonly name: "cpu" | "webgpu" | "cuda" | "tensorrt" | "dml" | "coreml";
  readonly precision: Precision;
  readonly needed: string;
  readonly command?: string;
}

/** Engines based on ONNX Runtime, one per provider. */
export type OnnxEngineName =
  | "onnx"
  | "onnx-webgpu"
  | "onnx-cuda"
  | "onnx-tensorrt"
  | "onnx-directml"
  | "onnx-coreml";

const cuda = "an NVIDIA GPU with its driver, CUDA 12 and cuDNN 9 in the library path";
/** Unlike `npm rebuild`, runs the script also where npm may not run it (see package.json). */
const cudaCommand =
  "npm explore onnxruntime-node -- node script/install --onnxruntime-node-install=cuda12";

export const onnxProviders: Readonly<Record<OnnxEngineName, OnnxProvider>> = {
  onnx: {
    name: "cpu",
    precision: "float32",
    needed: `onnxruntime-node on ${process.platform} ${process.arch}`,
    command: "ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node",
  },
  "onnx-webgpu": {
    name: "webgpu",
    precision: "float32",
    needed: "a GPU with a driver for Vulkan, Direct3D 12 or Metal",
    ...(process.platform === "linux" && { command: "apt install mesa-vulkan-drivers" }),
  },
  "onnx-cuda": { name: "cuda", precision: "float32", needed: cuda, command: cudaCommand },
  "onnx-tensorrt": {
    name: "tensorrt",
    precision: "float32",
    needed: `${cuda}, TensorRT 10`,
    command: cudaCommand,
  },
  "onnx-directml": {
    name: "dml",
    precision: "float32",
    needed: "Windows with a GPU for DirectX 12",
  },
  // Core ML chooses between processor, GPU and Neural Engine; the latter two may round to half floats.
  "onnx-coreml": { name: "coreml", precision: "float16", needed: "macOS" },
};

export function isOnnxEngine(name: string): name is OnnxEngineName {
  return Object.hasOwn(onnxProviders, name);
}
