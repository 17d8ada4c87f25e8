/** ONNX Runtime's CPU provider: one session for each of the net's three graphs. */
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { UnavailableError } from "../../errors.ts";
import { alignmentOf } from "../config.ts";
import { type Graph, parameters } from "../graph/graph.ts";
import { decodeFlowGraph, estimateKernelsGraph, restoreGraph } from "../nets/ufpnet.ts";
import { serializeGraph } from "../onnx/serialize.ts";
import { readSafetensors } from "../weights/safetensors.ts";
import { configOf, matchWeights } from "../weights/weights.ts";
import type { Backend, BackendOptions } from "./backend.ts";

/**
 * Sessions over the given weights.
 * @throws UnavailableError where ONNX Runtime cannot be loaded, WeightsError where the weights are wrong
 */
export async function openOnnxBackend(options: BackendOptions): Promise<Backend<Tensor>> {
  const file = readSafetensors(options.weights);
  const config = configOf(file.tensors, file.metadata);
  const graphs = {
    estimateKernels: estimateKernelsGraph(config),
    decodeFlow: { kernels: decodeFlowGraph(config).kernels },
    restore: restoreGraph(config, options.pooling),
  };
  matchWeights(Object.values(graphs).flatMap(parameters), file.tensors);

  const ort = await loadRuntime();
  const open = (name: string, graph: Graph): Promise<InferenceSession> =>
    ort.InferenceSession.create(serializeGraph(name, graph, file.tensors), {
      executionProviders: ["cpu"],
      intraOpNumThreads: options.threads,
      logSeverityLevel: 3,
    });
  const estimate = await open("estimate-kernels", graphs.estimateKernels);
  const decode = await open("decode-flow", graphs.decodeFlow);
  const restore = await open("restore", graphs.restore);

  return {
    version: `onnxruntime-node ${ort.env.versions.node}`,
    alignment: alignmentOf(config),
    upload: (pixels, height, width) => new ort.Tensor("float32", pixels, [1, 3, height, width]),
    async estimateKernels(image) {
      const { code, sigma } = await estimate.run({ image });
      return { code: code as Tensor, sigma: sigma as Tensor };
    },
    decodeFlow: async (code, sigma) => (await decode.run({ code, sigma }))["kernels"] as Tensor,
    restore: async (image, kernels) =>
      (await restore.run({ image, kernels }))["residual"] as Tensor,
    shape: ({ dims }) => dims as [number, number, number, number],
    read: async ({ data }) => data as Float32Array<ArrayBuffer>,
    release: (tensor) => tensor.dispose(),
    async dispose() {
      for (const session of [estimate, decode, restore]) await session.release();
    },
  };
}

async function loadRuntime(): Promise<typeof import("onnxruntime-node")> {
  try {
    return await import("onnxruntime-node");
  } catch (cause) {
    const found = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new UnavailableError(
      `ONNX Runtime cannot be loaded (${found}); needed: onnxruntime-node on ${process.platform} ${process.arch}; npm install onnxruntime-node`,
      { cause },
    );
  }
}
