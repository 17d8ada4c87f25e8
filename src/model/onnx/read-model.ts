/**
 * Reads what a foreign ONNX file says about itself, without its values: inputs, outputs, operators, external data. The
 * numbers are field numbers of onnx.proto. Sizes in the file are believed only as far as its bytes go.
 */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { WeightsError } from "../../errors.ts";
import { toFloat32 } from "../weights/floats.ts";

/** An input or output: a dimension is undefined where it is known only at run time. */
export interface OnnxValue {
  readonly name: string;
  /** ONNX's number of an element type: 1 float32, 10 float16; undefined: it is no tensor. */
  readonly type: number | undefined;
  /** undefined: not even the number of dimensions is known. */
  readonly dims: readonly (number | undefined)[] | undefined;
}

/** A tensor whose values are stored in another file. */
interface ExternalTensor {
  readonly name: string;
  /** A path relative to the model's folder, as the file has it: not to be trusted. */
  readonly location: string;
  readonly offset: number;
  /** undefined: up to the end of the file. */
  readonly length: number | undefined;
}

/** What an ONNX file says about itself. */
export interface OnnxModelFacts {
  readonly producer: string;
  /** Without those that have a default value. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Every operator, in subgraphs and functions too, as domain:name; the standard domain is empty. */
  readonly operators: ReadonlySet<string>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Of the main graph. */
  readonly external: readonly ExternalTensor[];
  /** The number of values of all stored tensors. */
  readonly parameters: number;
  /** The tensors of one float: factors and offsets. */
  readonly scalars: readonly number[];
}

/** Graphs in graphs beyond this depth are refused; exporters stay below 4. */
const deepest = 16;

/** @throws WeightsError unless `bytes` are an ONNX model whose parts are whole */
export function readOnnxModel(bytes: Uint8Array): OnnxModelFacts {
  try {
    return new ModelReader().read(bytes);
  } catch (cause) {
    if (cause instanceof WeightsError) throw cause;
    const found = bytes.length === 0 ? "an empty file" : "another kind of file, or a damaged one";
    throw new WeightsError(`Expected an ONNX model but found ${found}`, { cause });
  }
}

class ModelReader {
  producer = "";
  hasGraph = false;
  inputs: OnnxValue[] = [];
  outputs: OnnxValue[] = [];
  readonly operators = new Set<string>();
  readonly functions = new Set<string>();
  readonly metadata: Record<string, string> = {};
  readonly external: ExternalTensor[] = [];
  readonly scalars: number[] = [];
  parameters = 0;

  read(bytes: Uint8Array): OnnxModelFacts {
    eachField(bytes, {
      2: (reader) => {
        this.producer = reader.string();
      },
      7: (reader) => this.mainGraph(reader.bytes()),
      14: (reader) => Object.assign(this.metadata, entryOf(reader.bytes())),
      25: (reader) => this.localFunction(reader.bytes()),
    });
    if (!this.hasGraph) throw new Error("it has no graph");
    for (const name of this.functions) this.operators.delete(name);
    const { producer, inputs, outputs, operators, metadata, external, parameters, scalars } = this;
    return { producer, inputs, outputs, operators, metadata, external, parameters, scalars };
  }

  mainGraph(bytes: Uint8Array): void {
    this.hasGraph = true;
    const withDefault = new Set<string>();
    eachField(bytes, {
      1: (reader) => this.node(reader.bytes(), 1),
      5: (reader) => {
        const { name, external } = this.tensor(reader.bytes());
        withDefault.add(name);
        if (external) this.external.push(external);
      },
      11: (reader) => this.inputs.push(portOf(reader.bytes())),
      12: (reader) => this.outputs.push(portOf(reader.bytes())),
    });
    this.inputs = this.inputs.filter(({ name }) => !withDefault.has(name));
  }

  subgraph(bytes: Uint8Array, depth: number): void {
    if (depth > deepest)
      throw new WeightsError(`Expected at most ${deepest} graphs in one another`);
    eachField(bytes, {
      1: (reader) => this.node(reader.bytes(), depth),
      5: (reader) => this.innerTensor(reader.bytes()),
    });
  }

  node(bytes: Uint8Array, depth: number): void {
    let [operator, domain] = ["", ""];
    eachField(bytes, {
      4: (reader) => {
        operator = reader.string();
      },
      5: (reader) =>
        eachField(reader.bytes(), {
          5: (inner) => this.innerTensor(inner.bytes()),
          6: (inner) => this.subgraph(inner.bytes(), depth + 1),
          10: (inner) => this.innerTensor(inner.bytes()),
          11: (inner) => this.subgraph(inner.bytes(), depth + 1),
        }),
      7: (reader) => {
        domain = reader.string();
      },
    });
    this.operators.add(qualified(domain, operator));
  }

  tensor(bytes: Uint8Array): ReturnType<typeof tensorOf> {
    const found = tensorOf(bytes);
    this.parameters += found.values;
    if (found.scalar !== undefined) this.scalars.push(found.scalar);
    return found;
  }

  innerTensor(bytes: Uint8Array): void {
    const { name, external } = this.tensor(bytes);
    if (!external) return;
    throw new WeightsError(
      `Expected external data for the tensors of the main graph only but ${JSON.stringify(name)} has some`,
    );
  }

  localFunction(bytes: Uint8Array): void {
    let [name, domain] = ["", ""];
    eachField(bytes, {
      1: (reader) => {
        name = reader.string();
      },
      7: (reader) => this.node(reader.bytes(), 1),
      10: (reader) => {
        domain = reader.string();
      },
    });
    this.functions.add(qualified(domain, name));
  }
}

const qualified = (domain: string, name: string) => `${domain === "ai.onnx" ? "" : domain}:${name}`;

/** A tensor's name, its number of values, and where they are if not here. */
function tensorOf(bytes: Uint8Array): {
  readonly name: string;
  readonly values: number;
  readonly external: ExternalTensor | undefined;
  /** The value of a tensor of one float. */
  readonly scalar: number | undefined;
} {
  let [name, values, isExternal] = ["", 1, false];
  let type: number | undefined;
  let [raw, plain]: [Uint8Array | undefined, Uint8Array | undefined] = [undefined, undefined];
  const entries: Record<string, string> = {};
  eachField(bytes, {
    1: (reader, wire) => {
      for (const size of integers(reader, wire)) values *= Math.max(0, size);
    },
    2: (reader) => {
      type = reader.int32();
    },
    4: (reader, wire) => {
      plain = wire === WireType.LengthDelimited ? reader.bytes() : reader.skip(wire);
    },
    8: (reader) => {
      name = reader.string();
    },
    9: (reader) => {
      raw = reader.bytes();
    },
    13: (reader) => Object.assign(entries, entryOf(reader.bytes())),
    14: (reader) => {
      isExternal = reader.int32() === 1;
    },
  });
  if (!isExternal) {
    const scalar = values === 1 ? floatIn(raw ?? plain, type) : undefined;
    return { name, values, external: undefined, scalar };
  }
  const { location, offset, length } = entries;
  if (location === undefined) throw new WeightsError(`${JSON.stringify(name)} has no location`);
  const external = {
    ...{ name, location },
    offset: wholeNumber(name, offset) ?? 0,
    length: wholeNumber(name, length),
  };
  return { name, values, external, scalar: undefined };
}

/** The one number in `bytes`: of type float32 or float16. */
function floatIn(bytes: Uint8Array | undefined, type: number | undefined): number | undefined {
  if (bytes?.length === 4 && type === 1) return toFloat32(bytes.slice(), "F32")[0];
  if (bytes?.length === 2 && type === 10) return toFloat32(bytes.slice(), "F16")[0];
  return undefined;
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new WeightsError(
    `Expected a number of bytes for ${JSON.stringify(name)} but found ${JSON.stringify(text)}`,
  );
}

function portOf(bytes: Uint8Array): OnnxValue {
  let name = "";
  let type: number | undefined;
  let dims: (number | undefined)[] | undefined;
  const dimension = (inner: Uint8Array): number | undefined => {
    let size: number | undefined;
    eachField(inner, {
      1: (reader) => {
        size = Number(reader.int64());
      },
    });
    return size !== undefined && size > 0 ? size : undefined;
  };
  eachField(bytes, {
    1: (reader) => {
      name = reader.string();
    },
    2: (reader) =>
      eachField(reader.bytes(), {
        1: (tensor) =>
          eachField(tensor.bytes(), {
            1: (it) => {
              type = it.int32();
            },
            2: (it) => {
              const found: (number | undefined)[] = [];
              eachField(it.bytes(), { 1: (one) => found.push(dimension(one.bytes())) });
              dims = found;
            },
          }),
      }),
  });
  return { name, type, dims };
}

/** A StringStringEntryProto. */
function entryOf(bytes: Uint8Array): Record<string, string> {
  let [key, value] = ["", ""];
  eachField(bytes, {
    1: (reader) => {
      key = reader.string();
    },
    2: (reader) => {
      value = reader.string();
    },
  });
  return key === "__proto__" ? {} : { [key]: value };
}

/** Repeated integers, packed or not. */
function integers(reader: BinaryReader, wire: WireType): number[] {
  if (wire !== WireType.LengthDelimited) return [Number(reader.int64())];
  const packed = new BinaryReader(reader.bytes());
  const found: number[] = [];
  while (packed.pos < packed.len) found.push(Number(packed.int64()));
  return found;
}

/** Calls a handler for each field that has one; it must read the field. Others are skipped. */
function eachField(
  bytes: Uint8Array,
  handlers: Readonly<Record<number, (reader: BinaryReader, wire: WireType) => void>>,
): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    const handle = handlers[field];
    if (handle) handle(reader, wire);
    else reader.skip(wire, field);
  }
}
