/**
 * Encodes recorded operations as a graph of TensorFlow, in a SavedModel (saved_model.proto) as protobuf bytes. The
 * numbers in `tag` calls are field numbers of TensorFlow's messages.
 */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { OnNumbers } from "../../tfjs/host-operation.ts";

/** An attribute as tfjs-node gives it to the library; `type` is a TF_AttrType. */
export interface RecordedAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** An operation that was executed. Tensors are identified by numbers. */
export interface RecordedOperation {
  readonly op: string;
  readonly attributes: readonly RecordedAttribute[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** A tensor that was made of numbers; `type` is a TF_DataType. */
interface RecordedConstant {
  readonly output: number;
  readonly type: number;
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** A float32 tensor that a loop over numbers made; for the graph it is an input. */
export interface RecordedHostOperation {
  readonly compute: OnNumbers;
  readonly inputs: readonly number[];
  readonly output: number;
  readonly shape: number[];
}

export type Recorded = RecordedOperation | RecordedConstant | RecordedHostOperation;

export interface EncodedGraph {
  readonly bytes: Uint8Array;
  /** The name of each tensor. */
  readonly names: ReadonlyMap<number, string>;
  /** The float32 tensors that were read and not made: the graph's inputs besides results of host operations. */
  readonly inputs: ReadonlySet<number>;
}

/** A copy of a float32 tensor: an input cannot be an output of a graph. */
export const copyOf = (input: number, output: number): RecordedOperation => ({
  op: "Identity",
  attributes: [{ name: "T", type: attributeType.type, value: dataType.float32 }],
  inputs: [input],
  outputs: [output],
});

/** The tag under which the graph is stored. */
export const servingTag = "serve";

/** TF_DataType. */
const dataType = { float32: 1, int32: 3, int64: 9, bool: 10 } as const;
/** TF_AttrType. */
const attributeType = { string: 0, int: 1, float: 2, bool: 3, type: 4 } as const;
/** Version of graphs of TensorFlow 2.9, which later releases read, too. */
const producer = 1087;

/** @throws Error if an operation has an attribute or a constant of another type than nets use */
export function encodeGraph(recorded: readonly Recorded[]): EncodedGraph {
  const writer = new BinaryWriter();
  const names = new Map<number, string>();
  const inputs = new Set<number>();
  const made = new Set(recorded.flatMap((one) => ("op" in one ? one.outputs : [one.output])));
  const placeholder = (tensor: number, name: string): string => {
    node(writer, { name, op: "Placeholder", inputs: [] }, { dtype: ofType(dataType.float32) });
    names.set(tensor, `${name}:0`);
    return `${name}:0`;
  };
  const nameOf = (tensor: number): string => {
    const known = names.get(tensor);
    if (known !== undefined) return known;
    if (made.has(tensor)) throw new Error("an operation reads a tensor that is made later");
    inputs.add(tensor);
    return placeholder(tensor, `in${inputs.size}`);
  };
  for (const [i, one] of recorded.entries()) {
    const name = `n${i}`;
    if ("compute" in one) {
      for (const input of one.inputs) nameOf(input);
      placeholder(one.output, name);
    } else if ("op" in one) {
      const attributes = one.attributes.map((each) => [each.name, attributeValue(each)]);
      const read = one.inputs.map(nameOf);
      node(writer, { name, op: one.op, inputs: read }, Object.fromEntries(attributes));
      for (const [k, output] of one.outputs.entries()) names.set(output, `${name}:${k}`);
    } else {
      const attributes = { dtype: ofType(one.type), value: ofTensor(one) };
      node(writer, { name, op: "Const", inputs: [] }, attributes);
      names.set(one.output, `${name}:0`);
    }
  }
  nested(writer, 4, (versions) => versions.tag(1, WireType.Varint).int32(producer));
  return { bytes: inSavedModel(writer.finish()), names, inputs };
}

function inSavedModel(graph: Uint8Array): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).int64(1);
  nested(writer, 2, (metaGraph) => {
    nested(metaGraph, 1, (info) => info.tag(4, WireType.LengthDelimited).string(servingTag));
    metaGraph.tag(2, WireType.LengthDelimited).bytes(graph);
  });
  return writer.finish();
}

type Write = (writer: BinaryWriter) => void;

function nested(writer: BinaryWriter, field: number, write: Write): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}

/** A NodeDef; an attribute writes its AttrValue. */
function node(
  writer: BinaryWriter,
  { name, op, inputs }: { name: string; op: string; inputs: readonly string[] },
  attributes: Readonly<Record<string, Write>>,
): void {
  nested(writer, 1, (one) => {
    one.tag(1, WireType.LengthDelimited).string(name);
    one.tag(2, WireType.LengthDelimited).string(op);
    for (const input of inputs) one.tag(3, WireType.LengthDelimited).string(input);
    for (const [key, write] of Object.entries(attributes)) {
      nested(one, 5, (entry) => {
        entry.tag(1, WireType.LengthDelimited).string(key);
        nested(entry, 2, write);
      });
    }
  });
}

const ofType =
  (type: number): Write =>
  (writer) =>
    writer.tag(6, WireType.Varint).int32(type);

/** The AttrValue of an attribute, or of a list of them. */
function attributeValue({ name, type, value }: RecordedAttribute): Write {
  if (Array.isArray(value)) {
    const each = value.map((one) => attributeValue({ name, type, value: one }));
    return (writer) =>
      nested(writer, 1, (list) => {
        for (const write of each) write(list);
      });
  }
  switch (type) {
    case attributeType.string:
      return (writer) => writer.tag(2, WireType.LengthDelimited).string(String(value));
    case attributeType.int:
      return (writer) => writer.tag(3, WireType.Varint).int64(Number(value));
    case attributeType.float:
      return (writer) => writer.tag(4, WireType.Bit32).float(Number(value));
    case attributeType.bool:
      return (writer) => writer.tag(5, WireType.Varint).bool(value === true);
    case attributeType.type:
      return ofType(Number(value));
    default:
      throw new Error(`attribute ${name} has type ${type}`);
  }
}

function ofTensor({ type, shape, values }: RecordedConstant): Write {
  const content = contentOf(type, values);
  return (writer) =>
    nested(writer, 8, (tensor) => {
      tensor.tag(1, WireType.Varint).int32(type);
      nested(tensor, 2, (dims) => {
        for (const size of shape) nested(dims, 2, (dim) => dim.tag(1, WireType.Varint).int64(size));
      });
      tensor.tag(4, WireType.LengthDelimited).bytes(content);
    });
}

function contentOf(type: number, values: ArrayLike<number>): Uint8Array {
  const numbers = numbersOf(type, values);
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

function numbersOf(type: number, values: ArrayLike<number>) {
  switch (type) {
    case dataType.float32:
      return Float32Array.from(values);
    case dataType.int32:
      return Int32Array.from(values);
    case dataType.bool:
      return Uint8Array.from(values);
    // tfjs-node gives one as two halves.
    case dataType.int64:
      return Int32Array.from(values);
    default:
      throw new Error(`a constant has type ${type}`);
  }
}
