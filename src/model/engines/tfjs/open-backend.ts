/** Implements a backend on TensorFlow.js: evaluates the net's graphs on NHWC tensors. */
import * as tf from "@tensorflow/tfjs-core";
import { kernelFieldOf } from "../../config.ts";
import { fold } from "../../folding/folding.ts";
import { tfjsPasses } from "../../folding/passes.ts";
import { largestSquare } from "../../graph/costs.ts";
import { type Graph, topologicalOrder } from "../../graph/graph.ts";
import { netTilesOf } from "../../net-tiles.ts";
import { buildNet } from "../../nets/build-net.ts";
import { evaluate } from "../../tfjs/evaluate.ts";
import { importParameters } from "../../tfjs/parameters.ts";
import { readSafetensors } from "../../weights/safetensors.ts";
import type { Weights } from "../../weights/weights.ts";
import type { Backend, BackendOptions } from "../backend.ts";
import type { TfjsEngineName } from "./engine-name.ts";
import type { TfjsRuntime } from "./runtime.ts";
import { startTfjs } from "./start.ts";

type Feeds = Readonly<Record<string, tf.Tensor4D>>;

/**
 * Tensors are NHWC inside; `upload` and `read` use NCHW. `threads` is ignored: the backend chooses.
 * @throws UnavailableError if the backend cannot be started, WeightsError if the weights are invalid
 */
export async function openTfjsBackend(
  engine: TfjsEngineName,
  options: BackendOptions,
): Promise<Backend<tf.Tensor4D>> {
  const file = readSafetensors(options.weights);
  const { config, graphs } = buildNet(file, options.pooling, {
    noise: options.noise !== undefined,
  });
  const { multiple: alignment, usual: usualTiles } = netTilesOf(config, options.pooling);
  const runtime = await startTfjs(engine, options.adapter);
  const { version, adapter, largestTensor } = runtime;
  const { "estimate-kernels": estimateGraph, "decode-flow": decodeGraph } = graphs;
  const open = (graph: Graph) => openGraph(graph, file.tensors, runtime);
  const estimate = estimateGraph && open(estimateGraph);
  const decode = decodeGraph && open(decodeGraph);
  const deconvolution = graphs.deconvolve && open(graphs.deconvolve);
  const restore = open(graphs.restore);
  const nothing = ({ shape: [n, height, width] }: tf.Tensor4D): tf.Tensor4D =>
    tf.tensor4d([], [n, height, width, 0]);

  return {
    version,
    precision: "float32",
    adapter,
    largestTile:
      largestTensor && largestSquare(Object.values(graphs), alignment, largestTensor / 4),
    alignment,
    kernelField: kernelFieldOf(config),
    ...(usualTiles && { usualTiles }),
    upload: (pixels, height, width) => fromPlanar(pixels, [1, 3, height, width]),
    estimateKernels: (image) =>
      runtime.run(() => {
        if (!estimate) return { code: nothing(image), sigma: nothing(image) };
        const { code, sigma } = estimate.run({ image });
        return { code: code as tf.Tensor4D, sigma: sigma as tf.Tensor4D };
      }),
    decodeFlow: (code, sigma, values) =>
      runtime.run(() => {
        if (!decode) return nothing(code);
        const [n, height, width, channels] = code.shape;
        const noise = values && fromPlanar(values, [n, channels, height, width]);
        const { kernels } = decode.run({ code, sigma, ...(noise && { noise }) });
        noise?.dispose();
        return kernels as tf.Tensor4D;
      }),
    deconvolve: (image, kernels, sigma) =>
      runtime.run(() => {
        if (!deconvolution) return nothing(image);
        return deconvolution.run({ image, kernels, sigma })["change"] as tf.Tensor4D;
      }),
    restore: (image, kernels, change) =>
      runtime.run(async () => {
        const feeds = { image, kernels, change };
        const residual = restore.run(feeds)["residual"] as tf.Tensor4D;
        try {
          return await readPlanar(residual);
        } finally {
          residual.dispose();
        }
      }),
    shape({ shape: [n, height, width, channels] }) {
      return [n, channels, height, width];
    },
    read: (tensor) => runtime.run(() => readPlanar(tensor)),
    release: (tensor) => tensor.dispose(),
    async dispose() {
      for (const net of [estimate, decode, deconvolution, restore]) net?.dispose();
      await runtime.dispose();
    },
  };
}

/** A graph with its parameters loaded. */
function openGraph(graph: Graph, weights: Weights, runtime: TfjsRuntime) {
  const net = fold(graph, weights, tfjsPasses);
  const parameters = importParameters(net.graph, net.weights);
  const [read, made] = [inputNames(net.graph), Object.keys(net.graph)];
  const program = runtime.compile((inputs) => {
    const feeds = read.map((name, i) => [name, inputs[i]] as const);
    const results = evaluate(net.graph, Object.fromEntries(feeds) as Feeds, parameters);
    return made.map((name) => results[name] as tf.Tensor4D);
  });
  return {
    run(feeds: Feeds): Feeds {
      const results = program.run(read.map((name) => feeds[name] as tf.Tensor4D));
      return Object.fromEntries(made.map((name, i) => [name, results[i] as tf.Tensor4D]));
    },
    dispose() {
      program.dispose();
      tf.dispose([...parameters.values()]);
    },
  };
}

/** The names of the inputs that a graph reads. */
function inputNames(graph: Graph): string[] {
  return topologicalOrder(graph).flatMap(({ op }) => (op.kind === "input" ? [op.name] : []));
}

/** NCHW → NHWC. */
function fromPlanar(
  values: Float32Array<ArrayBuffer>,
  shape: [number, number, number, number],
): tf.Tensor4D {
  return tf.tidy(() => tf.transpose(tf.tensor4d(values, shape), [0, 2, 3, 1]));
}

/** NHWC → a copy in NCHW. */
async function readPlanar(tensor: tf.Tensor4D): Promise<Float32Array<ArrayBuffer>> {
  const planar = tf.transpose(tensor, [0, 3, 1, 2]);
  try {
    return (await planar.data<"float32">()) as Float32Array<ArrayBuffer>;
  } finally {
    planar.dispose();
  }
}
