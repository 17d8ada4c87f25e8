/** Writes safetensors deterministically: the same tensors and metadata give the same bytes, in any order. */
import { WeightsError } from "../../errors.ts";
import { bytesPerValue, type Dtype, fromFloat32, toFloat32 } from "./floats.ts";
import { checkName, printable } from "./names.ts";
import type { Weights } from "./weights.ts";

/**
 * The bytes of a safetensors file: wide values first, so that every tensor is aligned, then by name.
 * @param dtype of every tensor, or a function of its name
 * @throws WeightsError with the tensor whose name, shape or values cannot be stored
 */
export function writeSafetensors(
  weights: Weights,
  metadata: Readonly<Record<string, string>>,
  dtype: Dtype | ((name: string) => Dtype),
): Uint8Array<ArrayBuffer> {
  const dtypeOf = typeof dtype === "function" ? dtype : () => dtype;
  const order = [...weights.keys()]
    .map((name) => ({ name, dtype: dtypeOf(name) }))
    .sort((a, b) => bytesPerValue[b.dtype] - bytesPerValue[a.dtype] || compare(a.name, b.name));

  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) {
    const sorted = Object.entries(metadata).sort(([a], [b]) => compare(a, b));
    header.push(["__metadata__", Object.fromEntries(sorted)]);
  }
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const { name, dtype } of order) {
    const part = store(weights, name, dtype);
    const begin = end;
    end += part.length;
    parts.push(part);
    const shape = weights.get(name)?.shape;
    header.push([name, { dtype, shape, data_offsets: [begin, end] }]);
  }
  return assemble(JSON.stringify(Object.fromEntries(header)), parts, end);
}

function store(weights: Weights, name: string, dtype: Dtype): Uint8Array {
  checkName(name);
  const { shape = [], data = new Float32Array() } = weights.get(name) ?? {};
  if (name === "__metadata__" || shape.reduce((a, b) => a * b, 1) !== data.length) {
    throw new WeightsError(
      `tensor ${printable(name)} [${shape}] cannot hold ${data.length} values`,
    );
  }
  const part = fromFloat32(data, dtype);
  if (dtype !== "F32") {
    const stored = toFloat32(part, dtype);
    const lost = data.findIndex((v, i) => Number.isFinite(v) && !Number.isFinite(stored[i]));
    if (lost >= 0) {
      throw new WeightsError(`tensor ${name}: ${data[lost]} is too large for ${dtype}`);
    }
  }
  return part;
}

/** The header is padded so that the data is aligned to 8 bytes. */
function assemble(
  json: string,
  parts: readonly Uint8Array[],
  dataBytes: number,
): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(json);
  const headerBytes = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerBytes + dataBytes).fill(0x20, 8, 8 + headerBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(text, 8);
  let at = 8 + headerBytes;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Compares by code unit, which is independent of the locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
