import { describe, expect, it } from "vitest";
import { type Dtype, fromFloat32, toFloat32 } from "../../../src/model/weights/floats.ts";

/**
 * The value of a 16-bit pattern by the definition of IEEE 754 formats: bits as text, a sum of powers of two. 5
 * exponent bits are binary16, 8 are bfloat16.
 */
function meaning(pattern: number, exponentBits: 5 | 8): number {
  const text = pattern.toString(2).padStart(16, "0");
  const exponent = Number.parseInt(text.slice(1, 1 + exponentBits), 2);
  const fraction = [...text.slice(1 + exponentBits)].reduce(
    (sum, bit, i) => (bit === "1" ? sum + 1 / 2 ** (i + 1) : sum),
    0,
  );
  const sign = text[0] === "1" ? -1 : 1;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction > 0 ? Number.NaN : sign / 0;
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias);
  return sign * (1 + fraction) * 2 ** (exponent - bias);
}

const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
const at = (list: ArrayLike<number>, i: number) => list[i] as number;
const bytesOf = (values: Uint16Array) => new Uint8Array(values.buffer);
const patternsOf = (bytes: Uint8Array) =>
  Array.from({ length: bytes.length / 2 }, (_, i) => at(bytes, 2 * i) + 256 * at(bytes, 2 * i + 1));

/** The float32 `steps` after a positive one, or before it. */
function neighbour(value: number, steps: 1 | -1): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  view.setUint32(0, view.getUint32(0) + steps);
  return view.getFloat32(0);
}

describe.each([
  ["F16", 5],
  ["BF16", 8],
] as const)("%s", (dtype, exponentBits) => {
  const values = Array.from(all, (pattern) => meaning(pattern, exponentBits));
  const infinity = values.indexOf(Number.POSITIVE_INFINITY);

  it.each([0, 1])("is read as the format defines it, all 65536 patterns, at offset %i", (at) => {
    const bytes = new Uint8Array(bytesOf(all).length + at);
    bytes.set(bytesOf(all), at);
    for (const given of [bytes.subarray(at), Buffer.from(bytes.buffer, at)]) {
      const read = toFloat32(given, dtype);
      expect(values.filter((value, i) => !Object.is(value, read[i]))).toEqual([]);
    }
  });

  it("is written as it was read, all patterns except NaN", () => {
    const written = patternsOf(fromFloat32(Float32Array.from(values), dtype));
    const changed = all.filter((i) => !Number.isNaN(values[i]) && written[i] !== i);
    expect([...changed]).toEqual([]);
  });

  it("keeps NaN a NaN", () => {
    const kept = toFloat32(fromFloat32(Float32Array.from(values), dtype), dtype);
    expect(all.filter((i) => Number.isNaN(values[i]) !== Number.isNaN(kept[i]))).toHaveLength(0);
  });

  it("rounds to the nearest and ties to even, between every two neighbours", () => {
    const neighbours = Array.from({ length: infinity }, (_, i) => {
      // Beyond the largest value, the hypothetical next value counts, which is stored as ∞.
      const upper = i + 1 === infinity ? 2 * at(values, i) - at(values, i - 1) : at(values, i + 1);
      const middle = at(values, i) / 2 + upper / 2;
      return { middle, down: i, up: i + 1, even: i % 2 === 0 ? i : i + 1 };
    }).filter(({ middle }) => Object.is(Math.fround(middle), middle));
    const inputs = neighbours.flatMap(({ middle }) => [
      neighbour(middle, -1),
      middle,
      neighbour(middle, 1),
    ]);
    const expected = neighbours.flatMap(({ down, even, up }) => [down, even, up]);
    expect(neighbours.length).toBeGreaterThan(infinity - 2);
    for (const sign of [1, -1]) {
      const written = patternsOf(
        fromFloat32(
          Float32Array.from(inputs, (v) => sign * v),
          dtype,
        ),
      );
      const wrong = inputs.filter(
        (_, i) => written[i] !== at(expected, i) + (sign < 0 ? 0x8000 : 0),
      );
      expect(wrong).toEqual([]);
    }
  });
});

describe("F32", () => {
  it("shares memory if aligned, and is copied otherwise", () => {
    const buffer = new Uint8Array(new ArrayBuffer(16));
    buffer.set([0, 0, 128, 63], 4); // 1.0
    buffer.set([0, 0, 0, 64], 9);
    const aligned = toFloat32(buffer.subarray(4, 8), "F32");
    const unaligned = toFloat32(buffer.subarray(9, 13), "F32");
    expect([...aligned, ...unaligned]).toEqual([1, 2]);
    expect(aligned.buffer).toBe(buffer.buffer);
    expect(unaligned.buffer).not.toBe(buffer.buffer);
  });

  it.each<[Dtype, number[]]>([
    ["F32", [0, 0, 192, 63]],
    ["F16", [0, 62]],
    ["BF16", [192, 63]],
  ])("1.5 as %s is bytes %j, least first", (dtype, bytes) => {
    expect([...fromFloat32(Float32Array.of(1.5), dtype)]).toEqual(bytes);
  });
});
