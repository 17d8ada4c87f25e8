/**
 * Runs computations on TensorFlow's library as whole graphs. TensorFlow.js executes operations one by one, from one
 * thread. Here the operations of a computation are recorded once for each shape of its inputs; the library
 * then optimises them as a graph, fuses some, and executes independent ones in parallel.
 */
import { threadId } from "node:worker_threads";
import * as tf from "@tensorflow/tfjs-core";
import { type HostOperation, setHostRunner } from "../../tfjs/host-operation.ts";
import { type Computation, interpret, type Program } from "./runtime.ts";
import {
  copyOf,
  encodeGraph,
  type Recorded,
  type RecordedAttribute,
  servingTag,
} from "./tensorflow-graph.ts";
import { cutGraph, type GraphPart } from "./tensorflow-parts.ts";

interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** The members of tfjs-node's binding that programs use; valid for the pinned version. */
interface Binding {
  readonly TF_FLOAT: number;
  readonly TF_STRING: number;
  createTensor(shape: number[], dtype: number, values: ArrayLike<number> | Uint8Array[]): number;
  deleteTensor(tensor: number): void;
  tensorDataSync(tensor: number): unknown;
  executeOp(
    op: string,
    attributes: RecordedAttribute[],
    inputs: number[],
    outputs: number,
  ): TensorMetadata[];
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(model: number): void;
  runSavedModel(
    model: number,
    inputs: number[],
    inputNames: string,
    outputNames: string,
  ): TensorMetadata[];
}

/** Members of tfjs-node's backend that its type hides. */
interface Backend {
  binding: Binding;
  /** The numbers of the tensors, which are passed to the library if they were not before. */
  getInputTensorIds(tensors: readonly tf.Tensor[]): number[];
  createOutputTensor(metadata: TensorMetadata): tf.Tensor;
}

/** Shapes of inputs for which a program keeps graphs; the one used least recently is deleted. */
const keptGraphs = 6;

/** Numbers the graphs of this thread. */
let graphs = 0;

/** Makes programs on the backend. On one without graphs, such as a test's, they are interpreted. */
export function programsOn(backend: tf.KernelBackend): (compute: Computation) => Program {
  const { binding } = backend as unknown as Backend;
  if (typeof binding?.runSavedModel !== "function") return interpret;
  const recorder = recorders.get(backend) ?? recordOn(backend as unknown as Backend);
  recorders.set(backend, recorder);
  return (compute) => openProgram(backend as unknown as Backend, recorder, compute);
}

const recorders = new WeakMap<tf.KernelBackend, Recorder>();

interface Recorder {
  /** Calls `f` and returns the operations executed; undefined if `f` read numbers, which a graph would not repeat. */
  record<T>(f: () => T): { value: T; recorded: Recorded[] | undefined };
}

/** Replaces the backend's binding by one that records. */
function recordOn(backend: Backend): Recorder {
  const own = backend.binding;
  let recorded: Recorded[] | undefined;
  let wasRead = false;
  const members: Pick<Binding, "executeOp" | "createTensor" | "tensorDataSync"> = {
    executeOp(op, attributes, inputs, count) {
      const made = own.executeOp(op, attributes, inputs, count);
      recorded?.push({ op, attributes, inputs, outputs: made.map(({ id }) => id) });
      return made;
    },
    createTensor(shape, type, values) {
      const output = own.createTensor(shape, type, values);
      recorded?.push({ output, type, shape: [...shape], values: values as ArrayLike<number> });
      return output;
    },
    tensorDataSync(tensor) {
      wasRead = true;
      return own.tensorDataSync(tensor);
    },
  };
  // The members of the binding itself cannot be written.
  backend.binding = Object.create(
    own,
    Object.fromEntries(Object.entries(members).map(([name, value]) => [name, { value }])),
  ) as Binding;
  /** Records a host operation instead of what it does. */
  const recordHost = (run: () => HostOperation): HostOperation => {
    const [before, read] = [recorded, wasRead];
    recorded = undefined;
    const one = run();
    const [output] = backend.getInputTensorIds([one.output]) as [number];
    const inputs = backend.getInputTensorIds(one.inputs);
    recorded = before;
    wasRead = read;
    const { compute } = one;
    recorded?.push({ compute, inputs, output, shape: one.output.shape });
    return one;
  };
  return {
    record(f) {
      const before = setHostRunner(recordHost);
      recorded = [];
      wasRead = false;
      try {
        const value = f();
        return { value, recorded: wasRead ? undefined : recorded };
      } finally {
        recorded = undefined;
        setHostRunner(before);
      }
    },
  };
}

/** A graph that the library has loaded. */
interface LoadedGraph {
  run(inputs: readonly number[]): tf.Tensor[];
  dispose(): void;
}

function openProgram(backend: Backend, recorder: Recorder, compute: Computation): Program {
  /** By the shapes of the inputs, the one used most recently last. */
  const loaded = new Map<string, LoadedGraph>();
  let interpreted = false;
  /** Records on tensors of which no two are handles to the same data, because later ones may differ. */
  const loadDistinct = (inputs: readonly tf.Tensor[], ids: readonly number[]) => {
    const copies = inputs.filter((_, i) => ids.indexOf(ids[i] as number) < i);
    const distinct = inputs.map((one) => (copies.includes(one) ? tf.add(one, 0) : one));
    try {
      const own = backend.getInputTensorIds(distinct);
      return loadGraph(backend, recorder, () => compute(distinct), own);
    } finally {
      tf.dispose(distinct.filter((one, i) => one !== inputs[i]));
    }
  };
  const graphFor = (inputs: readonly tf.Tensor[], ids: readonly number[]) => {
    const key = JSON.stringify(inputs.map(({ shape }) => shape));
    const known = loaded.get(key);
    loaded.delete(key);
    const graph = known ?? loadDistinct(inputs, ids);
    if (graph === undefined) return undefined;
    loaded.set(key, graph);
    const [[oldest, least] = []] = loaded;
    if (loaded.size > keptGraphs && oldest !== undefined) {
      least?.dispose();
      loaded.delete(oldest);
    }
    return graph;
  };
  return {
    run(inputs) {
      if (interpreted) return compute(inputs);
      const ids = backend.getInputTensorIds(inputs);
      const graph = graphFor(inputs, ids);
      interpreted = graph === undefined;
      return graph ? graph.run(ids) : compute(inputs);
    },
    dispose() {
      for (const graph of loaded.values()) graph.dispose();
      loaded.clear();
    },
  };
}

/**
 * Records `compute` and loads its graph. The recorded results are not used: all results of a program come from the
 * graph, whose fused operations round differently.
 * @param inputs tensors that differ from call to call
 * @returns undefined if `compute` cannot be repeated by a graph
 * @throws the error of `compute`
 */
function loadGraph(
  backend: Backend,
  recorder: Recorder,
  compute: () => tf.Tensor[],
  inputs: readonly number[],
): LoadedGraph | undefined {
  const { value: results, recorded } = recorder.record(() => tf.tidy(compute));
  const shapes = results.map(({ shape }) => shape);
  const ids = backend.getInputTensorIds(results);
  tf.dispose(results);
  if (recorded === undefined) return undefined;
  const outputs = ids.map((_, i) => -1 - i);
  const all = [...recorded, ...ids.map((id, i) => copyOf(id, outputs[i] as number))];
  try {
    const graph = encodeGraph(all);
    const parts = cutGraph(all, graph, outputs);
    const { binding } = backend;
    const model = load(binding, graph.bytes);
    return {
      run(given) {
        // Tensors that the graph reads besides the inputs stand for themselves.
        const at = new Map([...graph.inputs].map((id) => [id, id]));
        for (const [i, id] of inputs.entries()) at.set(id, given[i] as number);
        const made = runParts(binding, model, parts, at);
        return outputs.map((output, i) =>
          backend.createOutputTensor({
            ...(made.get(output) as TensorMetadata),
            shape: shapes[i] as number[],
          }),
        );
      },
      dispose: () => binding.deleteSavedModel(model),
    };
  } catch {
    return undefined;
  }
}

/**
 * Runs the parts of a graph and the host operations between them.
 * @param at the library's tensor for each recorded one; filled
 * @returns the tensors made by the last part; those of the others are deleted
 */
function runParts(
  binding: Binding,
  model: number,
  parts: readonly GraphPart[],
  at: Map<number, number>,
): Map<number, TensorMetadata> {
  const between: number[] = [];
  let made = new Map<number, TensorMetadata>();
  try {
    for (const { reads, readNames, makes, makeNames, host } of parts) {
      const fed = reads.map((id) => at.get(id) as number);
      const results =
        makes.length === 0 ? [] : binding.runSavedModel(model, fed, readNames, makeNames);
      made = new Map(makes.map((id, i) => [id, results[i] as TensorMetadata]));
      for (const [id, one] of made) at.set(id, one.id);
      if (host === undefined) return made;
      between.push(...results.map(({ id }) => id));
      const values = host.inputs.map((id) => binding.tensorDataSync(at.get(id) as number));
      const computed = host.compute(...(values as Float32Array[]));
      const output = binding.createTensor(host.shape, binding.TF_FLOAT, computed);
      between.push(output);
      at.set(host.output, output);
    }
    return made;
  } finally {
    for (const id of between) binding.deleteTensor(id);
  }
}

/** Passes the bytes through a file in the library's own memory, because it loads graphs from files only. */
function load(binding: Binding, bytes: Uint8Array): number {
  const folder = `ram://rx-deblur-${threadId}-${graphs++}`;
  const write = (content: Uint8Array) => {
    const path = new TextEncoder().encode(`${folder}/saved_model.pb`);
    const strings = [path, content].map((one) =>
      binding.createTensor([], binding.TF_STRING, [one]),
    );
    binding.executeOp("WriteFile", [], strings, 0);
    for (const string of strings) binding.deleteTensor(string);
  };
  write(bytes);
  const model = binding.loadSavedModel(folder, servingTag);
  write(new Uint8Array(0));
  return model;
}
