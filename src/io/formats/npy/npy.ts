/** Reads arrays from .npy files (NumPy formats 1 to 3) and writes them (format 1.0). Nothing in a file is executed. */
import { InputError } from "../../../errors.ts";
import { fromFloat32 } from "../../../model/weights/floats.ts";

export interface NpyArray {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** How NumPy writes the types we read; all little-endian, as on every machine that is likely to write one. */
const readers: Readonly<
  Record<string, { readonly bytes: number; read(view: DataView, at: number): number }>
> = {
  "<f8": { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  "<f4": { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  "<i4": { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  "<u4": { bytes: 4, read: (view, at) => view.getUint32(at, true) },
  "<i2": { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  "<u2": { bytes: 2, read: (view, at) => view.getUint16(at, true) },
  "|i1": { bytes: 1, read: (view, at) => view.getInt8(at) },
  "|u1": { bytes: 1, read: (view, at) => view.getUint8(at) },
};

/**
 * @param path for messages
 * @throws InputError where it is no such file, or its length is not what its header says
 */
export function readNpy(path: string, bytes: Uint8Array): NpyArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = "\u0093NUMPY";
  if (Buffer.from(bytes.subarray(0, 6)).toString("latin1") !== magic || bytes.length < 12)
    throw new InputError(path, "Expected a .npy file but found another kind of file");
  const wide = (bytes[6] as number) > 1;
  const start = wide ? 12 : 10;
  const headerEnd = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = Buffer.from(bytes.subarray(start, headerEnd)).toString("latin1");
  const [, descr = ""] = /'descr': *'([^']*)'/.exec(header) ?? [];
  const [, sides] = /'shape': *\(([\d, ]*)\)/.exec(header) ?? [];
  const reader = readers[descr];
  if (sides === undefined || reader === undefined || !/'fortran_order': *False/.test(header)) {
    const types = Object.keys(readers).join(", ");
    throw new InputError(
      path,
      `Expected an array in C order of one of ${types} but found ${header.trim().slice(0, 100)}`,
    );
  }
  const shape = [...sides.matchAll(/\d+/g)].map(Number);
  const count = shape.reduce((product, side) => product * side, 1);
  if (headerEnd + count * reader.bytes !== bytes.length)
    throw new InputError(
      path,
      `Expected ${count} values of ${reader.bytes} bytes but found ${Math.max(0, bytes.length - headerEnd)} bytes`,
    );
  const values = Float64Array.from({ length: count }, (_, i) =>
    reader.read(view, headerEnd + i * reader.bytes),
  );
  return { shape, values };
}

/** The bytes of a little-endian float32 array of that shape, C order. @throws Error where shape and values do not fit */
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
