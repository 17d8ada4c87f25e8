/** ONNX Runtime's CPU provider: one session for each of the net's three graphs. */
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { UnavailableError } from "../../errors.ts";
import { alignmentOf, kernelFieldOf } from "../config.ts";
import { fold } from "../graph/folding.ts";
import type { Graph } from "../graph/graph.ts";
import { onnxPasses } from "../onnx/passes.ts";
import { serializeGraph } from "../onnx/serialize.ts";
import { netOf } from "../weights/net-of.ts";
import { readSafetensors } from "../weights/safetensors.ts";
import type { Backend, BackendOptions } from "./backend.ts";

/**
 * Sessions over the given weights.
 * @throws UnavailableError where ONNX Runtime cannot be loaded, WeightsError where the weights are wrong
 */
export async function openOnnxBackend(options: BackendOptions): Promise<Backend<Tensor>> {
  const file = readSafetensors(options.weights);
  const { config, graphs } = netOf(file, options.pooling, {
    noise: options.noise !== undefined,
  });
  const ort = await loadRuntime();
  const open = (name: keyof typeof graphs, of: Graph): Promise<InferenceSession> => {
    const { graph, weights } = fold(of, file.tensors, onnxPasses);
    return ort.InferenceSession.create(serializeGraph(name, graph, weights), {
      executionProviders: ["cpu"],
      intraOpNumThreads: options.threads,
      // Threads that wait for work by spinning take the cores from those that have some.
      extra: { session: { intra_op: { allow_spinning: "0" } } },
      logSeverityLevel: 3,
    });
  };
  const { "estimate-kernels": estimateGraph, "decode-flow": decodeGraph } = graphs;
  const estimate = estimateGraph && (await open("estimate-kernels", estimateGraph));
  const decode = decodeGraph && (await open("decode-flow", decodeGraph));
  const restore = await open("restore", graphs.restore);
  const nothing = ({ dims: [n = 1, , height = 0, width = 0] }: Tensor): Tensor =>
    new ort.Tensor("float32", new Float32Array(), [n, 0, height, width]);

  return {
    version: `onnxruntime-node ${ort.env.versions.node}`,
    alignment: alignmentOf(config),
    kernelField: kernelFieldOf(config),
    upload: (pixels, height, width) => new ort.Tensor("float32", pixels, [1, 3, height, width]),
    async estimateKernels(image) {
      if (!estimate) return { code: nothing(image), sigma: nothing(image) };
      const { code, sigma } = await estimate.run({ image });
      return { code: code as Tensor, sigma: sigma as Tensor };
    },
    async decodeFlow(code, sigma, noise) {
      if (!decode) return nothing(code);
      const drawn = noise && { noise: new ort.Tensor("float32", noise, code.dims) };
      return (await decode.run({ code, sigma, ...drawn }))["kernels"] as Tensor;
    },
    async restore(image, kernels) {
      const { residual } = await restore.run({ image, kernels });
      return residual?.data as Float32Array<ArrayBuffer>;
    },
    shape: ({ dims }) => dims as [number, number, number, number],
    read: async ({ data }) => data as Float32Array<ArrayBuffer>,
    release: (tensor) => tensor.dispose(),
    async dispose() {
      for (const session of [estimate, decode, restore]) await session?.release();
    },
  };
}

async function loadRuntime(): Promise<typeof import("onnxruntime-node")> {
  try {
    return await import("onnxruntime-node");
  } catch (cause) {
    const found = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new UnavailableError(
      `ONNX Runtime cannot be loaded (${found}); needed: onnxruntime-node on ${process.platform} ${process.arch}; ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node`,
      { cause },
    );
  }
}
