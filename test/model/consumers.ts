/** Runs a graph on ONNX Runtime or on a TensorFlow.js backend: NCHW numbers in, NCHW numbers out. */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as ort from "onnxruntime-node";
import { interpret, type TfjsRuntime } from "../../src/model/engines/tfjs/runtime.ts";
import { useTensorFlow } from "../../src/model/engines/tfjs/start-tensorflow.ts";
import { useWebGpu } from "../../src/model/engines/tfjs/start-webgpu.ts";
import { foldLayerNorms, foldScales } from "../../src/model/folding/affine.ts";
import { foldBatchNorms } from "../../src/model/folding/batch-norms.ts";
import type { Pass } from "../../src/model/folding/folding.ts";
import { sliceCouplings } from "../../src/model/folding/masks.ts";
import { onnxPasses, tfjsPasses } from "../../src/model/folding/passes.ts";
import { splitConvs } from "../../src/model/folding/split-convs.ts";
import type { Graph } from "../../src/model/graph/graph.ts";
import { serializeGraph } from "../../src/model/onnx/serialize.ts";
import { evaluate } from "../../src/model/tfjs/evaluate.ts";
import { importParameters } from "../../src/model/tfjs/parameters.ts";
import { useWasm } from "../../src/model/tfjs/wasm-backend.ts";
import type { Tensor, Weights } from "../../src/model/weights/weights.ts";

tf.env().set("IS_TEST", true); // else the cpu backend prints advice

export type Tensors = Record<string, Tensor>;
export type Consumer = (graph: Graph, weights: Weights, feeds: Tensors) => Promise<Tensors>;

const onnx =
  (provider: "cpu" | "webgpu"): Consumer =>
  async (graph, weights, feeds) => {
    const session = await ort.InferenceSession.create(serializeGraph("test", graph, weights), {
      executionProviders: [provider],
    });
    const inputs = Object.entries(feeds).map(([name, { data, shape }]) => [
      name,
      new ort.Tensor("float32", data, shape as number[]),
    ]);
    const outputs = await session.run(Object.fromEntries(inputs));
    await session.release();
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { data, dims }]) => [
        name,
        { data: data as Float32Array, shape: dims },
      ]),
    );
  };

/** @param use starts the backend; a runtime computes the graph as its engine does */
const tfjs =
  (use: () => Promise<TfjsRuntime | unknown>): Consumer =>
  async (graph, weights, feeds) => {
    const runtime = await use();
    const compile = hasPrograms(runtime) ? runtime.compile : interpret;
    const parameters = importParameters(graph, weights);
    const [fed, made] = [Object.keys(feeds), Object.keys(graph)];
    const program = compile((inputs) => {
      const maps = fed.map((name, i) => [name, inputs[i]]);
      const results = evaluate(graph, Object.fromEntries(maps), parameters);
      return made.map((name) => results[name] as tf.Tensor4D);
    });
    const planes = tf.tidy(() => {
      const inputs = Object.values(feeds).map(({ data, shape }) =>
        tf.transpose(tf.tensor4d(data, shape as [number, number, number, number]), [0, 2, 3, 1]),
      );
      return program.run(inputs).map((map) => tf.transpose(map, [0, 3, 1, 2]));
    });
    const outputs = planes.map(async (planar, i) => {
      const data = await planar.data<"float32">();
      return [made[i] as string, { data, shape: planar.shape }] as const;
    });
    const answer = Object.fromEntries(await Promise.all(outputs));
    program.dispose();
    tf.dispose([...planes, ...parameters.values()]);
    return answer;
  };

const hasPrograms = (runtime: unknown): runtime is TfjsRuntime =>
  typeof runtime === "object" && runtime !== null && "compile" in runtime;

const adapter = process.env["TEST_ADAPTER"];
let webgpu: Promise<unknown> | undefined;
const startWebGpu = () => {
  webgpu ??= useWebGpu(adapter);
  return webgpu;
};

type ConsumerName =
  | "onnx"
  | "wasm"
  | "cpu"
  | "onnx-webgpu"
  | "tfjs-webgpu"
  | "tfjs-node"
  | "tfjs-node-gpu";

export const consumers: Readonly<Record<ConsumerName, Consumer>> = {
  onnx: onnx("cpu"),
  wasm: tfjs(useWasm),
  cpu: tfjs(() => tf.setBackend("cpu")),
  "onnx-webgpu": onnx("webgpu"),
  "tfjs-webgpu": tfjs(startWebGpu),
  "tfjs-node": tfjs(() => useTensorFlow("tfjs-node", adapter)),
  "tfjs-node-gpu": tfjs(() => useTensorFlow("tfjs-node-gpu", adapter)),
};

/** The folding passes of each consumer; the cpu backend, which has none, gets all compatible passes. */
export const foldings: Readonly<Record<keyof typeof consumers, readonly Pass[]>> = {
  onnx: onnxPasses,
  wasm: tfjsPasses,
  "onnx-webgpu": onnxPasses,
  "tfjs-webgpu": tfjsPasses,
  "tfjs-node": tfjsPasses,
  "tfjs-node-gpu": tfjsPasses,
  cpu: [foldLayerNorms, foldScales, foldBatchNorms, sliceCouplings, splitConvs],
};
