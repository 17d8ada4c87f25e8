/** Collects the nodes, constants and dimensions of an ONNX graph; equal constants are shared. */
import { mapsOf, type Parameter, type Value } from "../graph/graph.ts";
import type { Weights } from "../weights/weights.ts";
import type { OnnxAttribute, OnnxNode, OnnxPort, OnnxTensor } from "./proto.ts";

/** A size, or the name of one that is known only at run time; equal names are equal sizes. */
export type Dimension = number | string;

/** What the dimensions of a value follow from. */
type Sized = Pick<Value, "channels" | "scale" | "patches">;

/** [patches, channels, height, width] at the value's scale. */
export function dimensionsOf(value: Sized): Dimension[] {
  const { channels, scale, patches: { rows, columns } = whole } = value;
  if (scale === "pooled") return [mapsOf(value), channels, 1, 1];
  return [mapsOf(value), channels, at(scale * rows, "height"), at(scale * columns, "width")];
}

const whole = { rows: 1, columns: 1 };

/** [patches, channels, height · width] at the value's scale. */
export function rowsOf(value: Sized): Dimension[] {
  const { channels, scale } = value;
  const cells = at(Number(scale), `cells${patchesName(value)}`);
  return [mapsOf(value), channels, scale === "pooled" ? 1 : cells];
}

/** Tells values of one scale in different patches apart; empty for a whole image. */
export function patchesName({ patches }: Pick<Value, "patches">): string {
  return patches ? ` in ${patches.rows}×${patches.columns}` : "";
}

function at(scale: number, name: string): string {
  return scale === 1 ? name : `${name}/${scale}`;
}

export interface Emitter {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  /** Intermediate values with known dimensions. */
  readonly inside: readonly OnnxPort[];
  /** Adds a node with one output and returns its name. */
  node(
    op: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, OnnxAttribute>>,
    output?: string,
  ): string;
  /** Adds a node with two outputs and returns their names. */
  pair(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>>,
  ): [string, string];
  /** Records the dimensions of `name`, and returns it. */
  sized(dims: readonly Dimension[], name: string): string;
  /** The name that `make` returned for the same key before, or returns now. */
  once(key: string, make: () => string): string;
  /** A parameter of the weights under its own name, optionally with other dimensions. */
  parameter(parameter: Parameter, dims?: readonly number[]): string;
  /** The values of a parameter, for computing a constant. */
  values(parameter: Parameter): Float32Array;
  /** A new float constant, shared between equal keys. */
  constant(key: string, dims: readonly number[], values: Float32Array | Uint8Array): string;
  scalar(value: number): string;
  integers(...values: number[]): string;
}

/** An empty graph that reads its parameters from `weights`. */
export function createEmitter(weights: Weights): Emitter {
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, OnnxTensor>();
  const made = new Map<string, string>();
  const inside: OnnxPort[] = [];
  const keep = (name: string, make: () => Omit<OnnxTensor, "name">): string => {
    if (!initializers.has(name)) initializers.set(name, { name, ...make() });
    return name;
  };
  const values = ({ name }: Parameter): Float32Array => {
    const tensor = weights.get(name);
    if (!tensor) throw new Error(`the weights lack ${name}`);
    return tensor.data;
  };
  return {
    nodes,
    get initializers() {
      return [...initializers.values()];
    },
    node(op, inputs, attributes = {}, output = `${op}_${nodes.length}`) {
      nodes.push({ op, inputs, output, attributes });
      return output;
    },
    pair(op, inputs, attributes) {
      const [output, second] = [`${op}_${nodes.length}`, `${op}_${nodes.length} second`];
      nodes.push({ op, inputs, output, second, attributes });
      return [output, second];
    },
    inside,
    sized(dims, name) {
      inside.push({ name, dims });
      return name;
    },
    once(key, make) {
      const name = made.get(key) ?? make();
      made.set(key, name);
      return name;
    },
    parameter: (p, dims = p.shape) =>
      keep(`${p.name}[${dims}]`, () => ({ dims, values: values(p) })),
    values,
    constant: (key, dims, data) => keep(key, () => ({ dims, values: data })),
    scalar: (value) =>
      keep(`scalar ${value}`, () => ({ dims: [], values: Float32Array.of(value) })),
    integers: (...list) =>
      keep(`integers ${list}`, () => ({
        dims: [list.length],
        values: BigInt64Array.from(list, BigInt),
      })),
  };
}

/**
 * Records the dimensions of the intermediate value `name` at coarse scales only. ONNX Runtime plans shared buffers
 * by comparing each value with all free buffers of its size; unknown sizes double the time to open a session. But
 * with the large maps recorded too, peak memory grows by a quarter, because free buffers are kept for equal sizes.
 */
export function sizedIfSmall(
  e: Emitter,
  { scale }: Pick<Value, "scale">,
  dims: readonly Dimension[],
  name: string,
): string {
  return scale === "pooled" || scale >= 4 ? e.sized(dims, name) : name;
}
