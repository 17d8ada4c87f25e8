/** Defines the types of samples (uint8 … float64), and makes, names and measures arrays of them. */

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

/** True for the types that can hold what is no number. */
export function isFloat(type: SampleType): type is "float32" | "float64" {
  return type.startsWith("float");
}

/** The least and greatest finite value a sample of the type can have. */
export function limitsOf(type: SampleType): readonly [least: number, greatest: number] {
  if (type === "float32") return [-largestFloat32, largestFloat32];
  if (type === "float64") return [-Number.MAX_VALUE, Number.MAX_VALUE];
  const values = 2 ** bitsOf(type);
  return type.startsWith("u") ? [0, values - 1] : [-values / 2, values / 2 - 1];
}

const largestFloat32 = (2 - 2 ** -23) * 2 ** 127;

/** The sample that stands for white in an image that does not say it: the greatest integer, or 1. */
export function whiteOf(type: SampleType): number {
  return isFloat(type) ? 1 : limitsOf(type)[1];
}

/** The value of the type next to `value`, on the side of `towards`. */
export function nextSample(type: SampleType, value: number, towards: number): number {
  const step = towards < value ? -1 : 1;
  if (!isFloat(type)) return value + step;
  if (value === 0) return step * (type === "float32" ? 2 ** -149 : Number.MIN_VALUE);
  // The bits of a float are ordered as its magnitude is.
  const further = step > 0 === value > 0;
  const view = new DataView(new ArrayBuffer(8));
  if (type === "float32") {
    view.setFloat32(0, value);
    view.setUint32(0, view.getUint32(0) + (further ? 1 : -1));
    return view.getFloat32(0);
  }
  view.setFloat64(0, value);
  view.setBigUint64(0, view.getBigUint64(0) + (further ? 1n : -1n));
  return view.getFloat64(0);
}
