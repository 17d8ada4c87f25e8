/**
 * Encodes the ONNX messages that this package writes (onnx.proto, IR version 8) as protobuf bytes. The numbers in
 * `tag` calls are field numbers of onnx.proto.
 */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** An initializer; its type (float32, int64, int32, int8 or bool) follows from the array of its values. */
export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: Float32Array | BigInt64Array | Int32Array | Int8Array | Uint8Array;
  /** For Uint8Array: integers instead of booleans. */
  readonly type?: "uint8";
}

export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  /** The name of a second output. */
  readonly second?: string;
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

/** A float32 input, output or intermediate value; a string is a dimension known only at run time. */
export interface OnnxPort {
  readonly name: string;
  readonly dims: readonly (number | string)[];
}

export interface OnnxModel {
  readonly name: string;
  readonly opset: number;
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  /** Intermediate values with known dimensions; dimensions with the same name are equal. */
  readonly inside: readonly OnnxPort[];
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
}

type Write = (writer: BinaryWriter) => void;

const irVersion = 8;
const dataType = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 } as const;
const attributeType = { float: 1, int: 2, string: 3, ints: 7 } as const;

/** The bytes of a ModelProto. The initializers, nearly all of the bytes, are copied only once. */
export function encodeModel(model: OnnxModel): Uint8Array<ArrayBuffer> {
  const inGraph = [bytesOf(graph(model)), ...model.initializers.flatMap(tensorParts)];
  const head = bytesOf((writer) => {
    int(writer, 1, irVersion);
    text(writer, 2, "rx-deblur");
    nested(writer, 8, (w) => {
      text(w, 1, "");
      int(w, 2, model.opset);
    });
    begin(writer, 7, lengthOf(inGraph));
  });
  return joined([head, ...inGraph]);
}

function graph(model: OnnxModel): Write {
  return (writer) => {
    for (const node of model.nodes) nested(writer, 1, nodeProto(node));
    text(writer, 2, model.name);
    for (const port of model.inputs) nested(writer, 11, valueInfo(port));
    for (const port of model.outputs) nested(writer, 12, valueInfo(port));
    for (const port of model.inside) nested(writer, 13, valueInfo(port));
  };
}

/** A tensor as a field of a GraphProto. */
function tensorParts(tensor: OnnxTensor): readonly Uint8Array[] {
  const { name, dims, values } = tensor;
  const about = bytesOf((writer) => {
    for (const size of dims) int(writer, 1, size);
    int(writer, 2, dataType[typeOf(tensor)]);
    text(writer, 8, name);
    begin(writer, 9, values.byteLength);
  });
  const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return [bytesOf((writer) => begin(writer, 5, lengthOf([about, data]))), about, data];
}

function typeOf({ values, type }: OnnxTensor): keyof typeof dataType {
  if (values instanceof Float32Array) return "float";
  if (values instanceof BigInt64Array) return "int64";
  if (values instanceof Int32Array) return "int32";
  return values instanceof Int8Array ? "int8" : (type ?? "bool");
}

function nodeProto({ op, inputs, output, second, attributes = {} }: OnnxNode): Write {
  return (writer) => {
    for (const name of inputs) text(writer, 1, name);
    text(writer, 2, output);
    if (second !== undefined) text(writer, 2, second);
    text(writer, 3, output); // ONNX requires unique node names; output names are unique
    text(writer, 4, op);
    for (const [name, value] of Object.entries(attributes)) {
      nested(writer, 5, attributeProto(name, value));
    }
  };
}

function attributeProto(name: string, value: OnnxAttribute): Write {
  return (writer) => {
    text(writer, 1, name);
    if (typeof value === "number") {
      int(writer, 3, value);
      int(writer, 20, attributeType.int);
    } else if (typeof value === "string") {
      writer.tag(4, WireType.LengthDelimited).bytes(new TextEncoder().encode(value));
      int(writer, 20, attributeType.string);
    } else if ("float" in value) {
      writer.tag(2, WireType.Bit32).float(value.float);
      int(writer, 20, attributeType.float);
    } else {
      for (const item of value) int(writer, 8, item);
      int(writer, 20, attributeType.ints);
    }
  };
}

function valueInfo({ name, dims }: OnnxPort): Write {
  const dimension = (size: number | string): Write => {
    return (w) => (typeof size === "number" ? int(w, 1, size) : text(w, 2, size));
  };
  const shape: Write = (writer) => {
    for (const size of dims) nested(writer, 1, dimension(size));
  };
  return (writer) => {
    text(writer, 1, name);
    nested(writer, 2, (type) =>
      nested(type, 1, (tensor) => {
        int(tensor, 1, dataType.float);
        nested(tensor, 2, shape);
      }),
    );
  };
}

function int(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int64(value);
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function nested(writer: BinaryWriter, field: number, write: Write): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}

/** Begins a field of `length` bytes; the bytes follow. */
function begin(writer: BinaryWriter, field: number, length: number): void {
  writer.tag(field, WireType.LengthDelimited).uint32(length);
}

function bytesOf(write: Write): Uint8Array {
  const writer = new BinaryWriter();
  write(writer);
  return writer.finish();
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

/** The parts one after the other, in one buffer. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
