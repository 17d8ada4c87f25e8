/**
 * Converts weights between float32 and the stored formats. F16 is IEEE 754 binary16, BF16 the upper half of a
 * float32; both are little-endian and rounded to nearest, ties to even.
 */

/** Safetensors' name for the type of a tensor's values. */
export type Dtype = "F32" | "F16" | "BF16";

export const bytesPerValue: Readonly<Record<Dtype, number>> = { F32: 4, F16: 2, BF16: 2 };

/** True for the supported formats. */
export function isDtype(name: unknown): name is Dtype {
  return typeof name === "string" && Object.hasOwn(bytesPerValue, name);
}

/** The values stored in `bytes`, which must be a whole number of them. Aligned F32 shares the memory of `bytes`. */
export function toFloat32(bytes: Uint8Array, dtype: Dtype): Float32Array {
  // Not `slice`: for a Buffer it shares memory, and therefore the offset.
  const aligned = bytes.byteOffset % bytesPerValue[dtype] === 0 ? bytes : new Uint8Array(bytes);
  const { buffer, byteOffset, byteLength } = aligned;
  if (dtype === "F32") return new Float32Array(buffer, byteOffset, byteLength / 4);
  const stored = new Uint16Array(buffer, byteOffset, byteLength / 2);
  const values = new Float32Array(stored.length);
  if (dtype === "BF16") {
    const bits = new Uint32Array(values.buffer);
    for (let i = 0; i < bits.length; i++) bits[i] = (stored[i] as number) << 16;
  } else {
    halves ??= everyHalf();
    for (let i = 0; i < values.length; i++) values[i] = halves[stored[i] as number] as number;
  }
  return values;
}

/** The value of every binary16; a lookup is several times faster than a conversion. */
let halves: Float32Array | undefined;

function everyHalf(): Float32Array {
  const values = new Float32Array(65536);
  for (let half = 0; half < 65536; half++) values[half] = halfToFloat(half);
  return values;
}

/** The bytes of `values` in the given format. Values too large for it become ∞; F32 shares the memory of `values`. */
export function fromFloat32(values: Float32Array, dtype: Dtype): Uint8Array {
  if (dtype === "F32") return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const bytes = new Uint8Array(values.length * 2);
  const view = new DataView(bytes.buffer);
  const one = new Float32Array(1);
  const bits = new Uint32Array(one.buffer);
  const narrow = dtype === "BF16" ? floatToBrain : floatToHalf;
  for (let i = 0; i < values.length; i++) {
    one[0] = values[i] as number;
    view.setUint16(2 * i, narrow(bits[0] as number), true);
  }
  return bytes;
}

function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const infinity = 0x7f800000;
const smallestNormalHalf = 0x38800000; // 2^-14

/** Bits of a float32 → bits of the nearest binary16. */
function floatToHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > infinity) return sign | 0x7e00;
  if (magnitude >= smallestNormalHalf) {
    // Changes the exponent's bias from 127 to 15; a carry out of the fraction correctly increments the exponent.
    const rebiased = magnitude - (112 << 23);
    const rounded = (rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13;
    return sign | Math.min(rounded, 0x7c00);
  }
  // Subnormal: a whole number of 2^-24. Values below 2^-126 become 0.
  const exponent = (magnitude >>> 23) - 127;
  const scaled = (1 + (magnitude & 0x7fffff) * 2 ** -23) * 2 ** (exponent + 24);
  const down = Math.floor(scaled);
  const rest = scaled - down;
  return sign | (rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down);
}

/** Bits of a float32 → bits of the nearest bfloat16. */
function floatToBrain(bits: number): number {
  if ((bits & 0x7fffffff) > infinity) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}
