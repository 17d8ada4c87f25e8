/**
 * Calibrates a net for int8: runs tiles through its float32 graphs on the processor, and records the ranges of the
 * values that convs read and write. Each call blocks the calling thread for one tile.
 */
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { alignmentOf } from "../../config.ts";
import { fold } from "../../folding/folding.ts";
import { int8Passes, onnxPasses } from "../../folding/passes.ts";
import type { Graph } from "../../graph/graph.ts";
import { buildNet } from "../../nets/build-net.ts";
import { type ObservedModel, observe } from "../../onnx/observe.ts";
import { serializeGraph } from "../../onnx/serialize.ts";
import {
  type GraphRanges,
  type Int8Ranges,
  type RangedGraph,
  widest,
} from "../../weights/int8-ranges.ts";
import { readSafetensors } from "../../weights/safetensors.ts";
import { loadOnnxRuntime } from "./load-runtime.ts";
import { openProvider } from "./open-provider.ts";

export interface Calibration {
  /** Tile sides must be multiples of this. */
  readonly alignment: number;
  /** Runs one tile: pixels [3, h, w] planar, 0..1. */
  observe(pixels: Float32Array<ArrayBuffer>, height: number, width: number): Promise<void>;
  /** The ranges so far: the union over all tiles, each without its most extreme 0.005 % at both ends. */
  ranges(): Int8Ranges;
  close(): Promise<void>;
}

/**
 * Opens the net for calibration, with both poolings of the restorer. The caller closes it.
 * @throws UnavailableError if ONNX Runtime cannot be loaded, WeightsError if the weights are invalid
 */
export async function openCalibration(
  weights: Uint8Array,
  { threads }: { readonly threads: number },
): Promise<Calibration> {
  const file = readSafetensors(weights);
  const { config, graphs } = buildNet(file, "tlc");
  const ort = await loadOnnxRuntime();
  const options = { threads, adapter: undefined, precision: "float32" } as const;
  const { openSession } = await openProvider("onnx", ort, options);
  const seen = new Map<RangedGraph, GraphRanges>();

  const plain = (name: string, of: Graph): Promise<InferenceSession> => {
    const net = fold(of, file.tensors, onnxPasses);
    return openSession(serializeGraph(name, net.graph, net.weights));
  };
  const watched = async (name: RangedGraph, of: Graph) => {
    const net = fold(of, file.tensors, int8Passes);
    let observed: ObservedModel | undefined;
    const bytes = serializeGraph(name, net.graph, net.weights, (model) => {
      observed = observe(model);
      return observed.model;
    });
    const session = await openSession(bytes);
    return {
      session,
      async run(feeds: InferenceSession.FeedsType) {
        const outputs = await session.run(feeds);
        const found = observed?.rangesIn((output) => Number(outputs[output]?.data[0]));
        if (found) seen.set(name, widest(seen.get(name), found));
        return outputs;
      },
    };
  };

  const { "estimate-kernels": estimateGraph, "decode-flow": decodeGraph } = graphs;
  const ofSpectra = async (graph: Graph) => {
    const session = await plain("estimate-kernels", graph);
    return { session, run: (feeds: InferenceSession.FeedsType) => session.run(feeds) };
  };
  // Spectra are never computed with bytes.
  const estimate =
    estimateGraph &&
    (config.keFeatures === "spectra"
      ? await ofSpectra(estimateGraph)
      : await watched("estimate-kernels", estimateGraph));
  const decode = decodeGraph && (await plain("decode-flow", decodeGraph));
  const deconvolution = graphs.deconvolve && (await plain("deconvolve", graphs.deconvolve));
  const restorers = [
    await watched("restore tlc", graphs.restore),
    await watched("restore global", buildNet(file, "global").graphs.restore),
  ];
  /** What the restorer reads beside the image. */
  const estimatesOf = async (image: Tensor): Promise<Record<string, Tensor>> => {
    const codes = await estimate?.run({ image });
    const [code, sigma] = [codes?.["code"], codes?.["sigma"]];
    const kernels = code && sigma && (await decode?.run({ code, sigma }))?.["kernels"];
    if (!kernels) return {};
    const change = (await deconvolution?.run({ image, kernels, sigma }))?.["change"];
    return { kernels, ...(change && { change }) };
  };
  return {
    alignment: alignmentOf(config),
    async observe(pixels, height, width) {
      const image = new ort.Tensor("float32", pixels, [1, 3, height, width]);
      const estimates = await estimatesOf(image);
      for (const restore of restorers) await restore.run({ image, ...estimates });
    },
    ranges: () => new Map(seen),
    async close() {
      for (const session of [
        estimate?.session,
        decode,
        deconvolution,
        ...restorers.map((it) => it.session),
      ]) {
        await session?.release();
      }
    },
  };
}
