/** Samples as they are stored: the kinds of number a picture may be made of. */

/** The type of one sample. */
export type SampleType =
  | "uint8"
  | "int8"
  | "uint16"
  | "int16"
  | "uint32"
  | "int32"
  | "float32"
  | "float64";

/** Samples of one type, on a buffer of their own kind. */
export type Samples =
  | Uint8Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

interface SamplesConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): Samples;
}

const arrays: Readonly<Record<SampleType, SamplesConstructor>> = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** `length` samples of 0. */
export function createSamples(type: SampleType, length: number): Samples {
  return new arrays[type](length);
}

/** The type `samples` are of. */
export function sampleTypeOf(samples: Samples): SampleType {
  // A typed array of any realm names itself so.
  return samples[Symbol.toStringTag].replace("Array", "").toLowerCase() as SampleType;
}

/** Bits of one sample. */
export function bitsOf(type: SampleType): number {
  return 8 * arrays[type].BYTES_PER_ELEMENT;
}

/** The least and greatest value a sample of an integer type can have; ±∞ for a float. */
export function limitsOf(type: SampleType): readonly [least: number, greatest: number] {
  if (type.startsWith("float")) return [-Infinity, Infinity];
  const values = 2 ** bitsOf(type);
  return type.startsWith("u") ? [0, values - 1] : [-values / 2, values / 2 - 1];
}
