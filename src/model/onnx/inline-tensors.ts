/**
 * Moves a model's external tensors into the model, so that the runtime opens no file. The numbers are field numbers of
 * onnx.proto.
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { WeightsError } from "../../errors.ts";
import { joined } from "./proto.ts";

/**
 * The bytes of the model with the values of its main graph's external tensors.
 * @param values the bytes of each external tensor, by its name; as `readOnnxModel` lists them
 * @throws WeightsError if the model is damaged
 */
export function inlineTensors(
  model: Uint8Array,
  values: ReadonlyMap<string, Uint8Array>,
): Uint8Array<ArrayBuffer> {
  try {
    return joined(partsOf(model, values));
  } catch (cause) {
    throw new WeightsError("Expected an ONNX model but found a damaged one", { cause });
  }
}

function partsOf(model: Uint8Array, values: ReadonlyMap<string, Uint8Array>): Uint8Array[] {
  return fieldsOf(model, ({ field, content, whole }) =>
    field === 7 && content
      ? framed(
          7,
          fieldsOf(content, (part) =>
            part.field === 5 && part.content
              ? framed(5, tensorWith(part.content, values))
              : [part.whole],
          ),
        )
      : [whole],
  );
}

/** A TensorProto with its values in place of their location. */
function tensorWith(tensor: Uint8Array, values: ReadonlyMap<string, Uint8Array>): Uint8Array[] {
  let name = "";
  let isExternal = false;
  const kept = fieldsOf(tensor, ({ field, content, whole }) => {
    if (field === 8 && content) name = new TextDecoder().decode(content);
    if (field === 14) isExternal = new BinaryReader(whole.subarray(1)).int32() === 1;
    return field === 13 || field === 14 ? [] : [whole];
  });
  const found = values.get(name);
  if (!isExternal || found === undefined) return [tensor];
  return [...kept, ...framed(9, [found])];
}

interface Field {
  readonly field: number;
  /** With its tag. */
  readonly whole: Uint8Array;
  /** Of a field with a length. */
  readonly content: Uint8Array | undefined;
}

function fieldsOf(
  bytes: Uint8Array,
  change: (field: Field) => readonly Uint8Array[],
): Uint8Array[] {
  const reader = new BinaryReader(bytes);
  const parts: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [field, wire] = reader.tag();
    const begin = reader.pos;
    reader.skip(wire, field);
    const body = bytes.subarray(begin, reader.pos);
    const content = wire === WireType.LengthDelimited ? new BinaryReader(body).bytes() : undefined;
    parts.push(...change({ field, whole: bytes.subarray(start, reader.pos), content }));
  }
  return parts;
}

/** A field of several parts with its tag and length. */
function framed(field: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const writer = new BinaryWriter();
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  writer.tag(field, WireType.LengthDelimited).uint32(length);
  return [writer.finish(), ...parts];
}
