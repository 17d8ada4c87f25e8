import { describe, expect, test } from "vitest";
import { npy } from "../../../../src/io/formats/npy/npy.ts";

describe("a .npy file", () => {
  test.each([[[3]], [[2, 3]], [[4, 1, 5, 5]], [[0, 7]]])("of shape %j", (shape) => {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i / 7);
    const bytes = Buffer.from(npy(values, shape));
    expect(bytes.subarray(0, 8)).toEqual(Buffer.from("\x93NUMPY\x01\0", "latin1"));
    const start = 10 + bytes.readUInt16LE(8);
    expect(start % 64).toBe(0);
    const header = bytes.toString("latin1", 10, start);
    const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
    expect(header.trimEnd()).toBe(`{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`);
    expect(header.endsWith("\n")).toBe(true);
    expect(bytes).toHaveLength(start + 4 * values.length);
    for (const [i, value] of values.entries()) expect(bytes.readFloatLE(start + 4 * i)).toBe(value);
  });

  test("of a shape that does not hold its values is refused", () => {
    expect(() => npy(new Float32Array(5), [2, 3])).toThrow("[2,3]");
  });
});
