/** Implements a backend on ONNX Runtime, with one session for each of the net's graphs. */
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { freeBuffers } from "../../../free-buffers.ts";
import { kernelFieldOf } from "../../config.ts";
import { fold } from "../../folding/folding.ts";
import { int8Passes, onnxPasses } from "../../folding/passes.ts";
import { largestSquare } from "../../graph/costs.ts";
import type { Graph } from "../../graph/graph.ts";
import { netTilesOf } from "../../net-tiles.ts";
import { buildNet } from "../../nets/build-net.ts";
import { serializeGraph } from "../../onnx/serialize.ts";
import { toInt8 } from "../../onnx/to-int8.ts";
import { rangesIn, rangesOf } from "../../weights/int8-ranges.ts";
import { readSafetensors } from "../../weights/safetensors.ts";
import type { Backend, BackendFacts, BackendOptions } from "../backend.ts";
import { loadOnnxRuntime } from "./load-runtime.ts";
import { openProvider } from "./open-provider.ts";
import type { OnnxEngineName } from "./providers.ts";

/**
 * Opens the sessions for the given weights.
 * @throws UnavailableError if ONNX Runtime or a requirement of the provider is missing, or if the weights have no
 *   ranges for int8; WeightsError if the weights are invalid
 */
export async function openOnnxBackend(
  engine: OnnxEngineName,
  options: BackendOptions,
): Promise<Backend<Tensor>> {
  const file = readSafetensors(options.weights);
  const { config, graphs } = buildNet(file, options.pooling, {
    noise: options.noise !== undefined,
  });
  const { multiple: alignment, usual: usualTiles } = netTilesOf(config, options.pooling);
  const ort = await loadOnnxRuntime();
  const provider = await openProvider(engine, ort, options);
  const { precision, adapter, largestBinding } = provider;
  const facts: BackendFacts = {
    version: `onnxruntime-node ${ort.env.versions.node}`,
    precision,
    adapter,
    largestTile:
      largestBinding && largestSquare(Object.values(graphs), alignment, largestBinding / 4),
    alignment,
    kernelField: kernelFieldOf(config),
    ...(usualTiles && { usualTiles }),
  };
  // For int8, ranges are compared with the net only while its graphs are built.
  if (precision !== "int8") options.onKnown?.(facts);
  const ranges = precision === "int8" ? rangesIn(file.metadata) : undefined;
  const open = (name: keyof typeof graphs, of: Graph): Promise<InferenceSession> => {
    // The flow's inverse and the deconvolution amplify errors, and spectra range over several powers of ten. Each
    // takes a tenth of a tile's time.
    const exact =
      name === "decode-flow" ||
      name === "deconvolve" ||
      (name === "estimate-kernels" && config.keFeatures === "spectra");
    if (precision !== "int8" || exact) {
      const { graph, weights } = fold(of, file.tensors, onnxPasses);
      return provider.openSession(serializeGraph(name, graph, weights));
    }
    const own = rangesOf(ranges, name === "restore" ? `restore ${options.pooling}` : name);
    const { graph, weights } = fold(of, file.tensors, int8Passes);
    const model = serializeGraph(name, graph, weights, (exact) => toInt8(exact, own));
    return provider.openSession(model);
  };
  const { "estimate-kernels": estimateGraph, "decode-flow": decodeGraph } = graphs;
  const { deconvolve: deconvolveGraph } = graphs;
  const estimate = estimateGraph && (await open("estimate-kernels", estimateGraph));
  const decode = decodeGraph && (await open("decode-flow", decodeGraph));
  const deconvolution = deconvolveGraph && (await open("deconvolve", deconvolveGraph));
  const restore = await open("restore", graphs.restore);
  const nothing = ({ dims: [n = 1, , height = 0, width = 0] }: Tensor): Tensor =>
    new ort.Tensor("float32", new Float32Array(), [n, 0, height, width]);

  return {
    ...facts,
    upload: (pixels, height, width) => new ort.Tensor("float32", pixels, [1, 3, height, width]),
    async estimateKernels(image) {
      if (!estimate) return { code: nothing(image), sigma: nothing(image) };
      const { code, sigma } = await estimate.run({ image });
      return { code: code as Tensor, sigma: sigma as Tensor };
    },
    async decodeFlow(code, sigma, noise) {
      if (!decode) return nothing(code);
      const feeds = noise && { noise: new ort.Tensor("float32", noise, code.dims) };
      return (await decode.run({ code, sigma, ...feeds }))["kernels"] as Tensor;
    },
    async deconvolve(image, kernels, sigma) {
      if (!deconvolution) return nothing(image);
      return (await deconvolution.run({ image, kernels, sigma }))["change"] as Tensor;
    },
    async restore(image, kernels, change) {
      const feeds = { image, ...(decode && { kernels }), ...(deconvolution && { change }) };
      const { residual } = await restore.run(feeds);
      return residual?.data as Float32Array<ArrayBuffer>;
    },
    shape: ({ dims }) => dims as [number, number, number, number],
    read: async ({ data }) => data as Float32Array<ArrayBuffer>,
    release(tensor) {
      const { data } = tensor;
      tensor.dispose();
      freeBuffers(data as Float32Array<ArrayBuffer>);
    },
    async dispose() {
      for (const session of [estimate, decode, deconvolution, restore]) await session?.release();
    },
  };
}
