/** Numbers in, a .npy file out (NumPy format 1.0: little-endian float32, C order). */
import { fromFloat32 } from "../../../model/weights/floats.ts";

/** The bytes of an array of that shape. @throws Error where shape and values do not fit */
export function npy(values: Float32Array, shape: readonly number[]): Uint8Array<ArrayBuffer> {
  if (shape.reduce((a, b) => a * b, 1) !== values.length) {
    throw new Error(`an array [${shape}] does not hold ${values.length} values`);
  }
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${tuple}), }`;
  // Magic, version and length take 10 bytes; spaces and a newline bring the data to a multiple of 64.
  const dataStart = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(dataStart + 4 * values.length);
  bytes.set([0x93, ...Buffer.from("NUMPY"), 1, 0]);
  new DataView(bytes.buffer).setUint16(8, dataStart - 10, true);
  bytes.set(Buffer.from(`${text.padEnd(dataStart - 11)}\n`), 10);
  bytes.set(fromFloat32(values, "F32"), dataStart);
  return bytes;
}
