/** TensorFlow.js on WebAssembly: the net's three graphs, evaluated on NHWC tensors. */
import * as tf from "@tensorflow/tfjs-core";
import { UnavailableError } from "../../errors.ts";
import { alignmentOf, kernelFieldOf } from "../config.ts";
import { fold } from "../graph/folding.ts";
import type { Graph } from "../graph/graph.ts";
import { evaluate } from "../tfjs/evaluate.ts";
import { importParameters } from "../tfjs/parameters.ts";
import { wasmPasses } from "../tfjs/passes.ts";
import { useWasm } from "../tfjs/wasm-backend.ts";
import { netOf } from "../weights/net-of.ts";
import { readSafetensors } from "../weights/safetensors.ts";
import type { Weights } from "../weights/weights.ts";
import type { Backend, BackendOptions } from "./backend.ts";

type Feeds = Readonly<Record<string, tf.Tensor4D>>;

/**
 * Tensors here are NHWC; `upload` and `read` speak NCHW. `threads` has no meaning: there is one.
 * @throws UnavailableError where WebAssembly cannot be started, WeightsError where the weights are wrong
 */
export async function openTfjsBackend(options: BackendOptions): Promise<Backend<tf.Tensor4D>> {
  const file = readSafetensors(options.weights);
  const { config, graphs } = netOf(file, options.pooling, {
    noise: options.noise !== undefined,
  });
  const version = await startWasm();
  const { "estimate-kernels": estimateGraph, "decode-flow": decodeGraph } = graphs;
  const estimate = estimateGraph && openGraph(estimateGraph, file.tensors);
  const decode = decodeGraph && openGraph(decodeGraph, file.tensors);
  const restore = openGraph(graphs.restore, file.tensors);
  const nothing = ({ shape: [n, height, width] }: tf.Tensor4D): tf.Tensor4D =>
    tf.tensor4d([], [n, height, width, 0]);

  return {
    version: `tfjs-backend-wasm ${version}`,
    alignment: alignmentOf(config),
    kernelField: kernelFieldOf(config),
    upload: (pixels, height, width) => fromPlanar(pixels, [1, 3, height, width]),
    async estimateKernels(image) {
      if (!estimate) return { code: nothing(image), sigma: nothing(image) };
      const { code, sigma } = estimate.run({ image });
      return { code: code as tf.Tensor4D, sigma: sigma as tf.Tensor4D };
    },
    async decodeFlow(code, sigma, values) {
      if (!decode) return nothing(code);
      const [n, height, width, channels] = code.shape;
      const noise = values && fromPlanar(values, [n, channels, height, width]);
      const { kernels } = decode.run({ code, sigma, ...(noise && { noise }) });
      noise?.dispose();
      return kernels as tf.Tensor4D;
    },
    async restore(image, kernels) {
      const residual = restore.run({ image, kernels })["residual"] as tf.Tensor4D;
      const values = readPlanar(residual);
      residual.dispose();
      return values;
    },
    shape({ shape: [n, height, width, channels] }) {
      return [n, channels, height, width];
    },
    read: async (tensor) => readPlanar(tensor),
    release: (tensor) => tensor.dispose(),
    async dispose() {
      for (const net of [estimate, decode, restore]) net?.dispose();
    },
  };
}

/** A graph with its parameters loaded. */
function openGraph(graph: Graph, weights: Weights) {
  const net = fold(graph, weights, wasmPasses);
  const parameters = importParameters(net.graph, net.weights);
  return {
    run: (feeds: Feeds) => evaluate(net.graph, feeds, parameters),
    dispose: () => tf.dispose([...parameters.values()]),
  };
}

/** NCHW → NHWC. */
function fromPlanar(
  values: Float32Array<ArrayBuffer>,
  shape: [number, number, number, number],
): tf.Tensor4D {
  return tf.tidy(() => tf.transpose(tf.tensor4d(values, shape), [0, 2, 3, 1]));
}

/** NHWC → a copy in NCHW. */
function readPlanar(tensor: tf.Tensor4D): Float32Array<ArrayBuffer> {
  const planar = tf.transpose(tensor, [0, 3, 1, 2]);
  const values = planar.dataSync<"float32">();
  planar.dispose();
  return values as Float32Array<ArrayBuffer>;
}

async function startWasm(): Promise<string> {
  try {
    return await useWasm();
  } catch (cause) {
    const found = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new UnavailableError(
      `TensorFlow.js cannot be started (${found}); needed: WebAssembly and @tensorflow/tfjs-backend-wasm; npm install @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm`,
      { cause },
    );
  }
}
