/** Tests the length and direction of kernels of known motions. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { kernelShape } from "../../../src/model/blur/kernel-shape.ts";

/** An even line through the middle, finely sampled, in a kernel of 19×19. */
function line(length: number, degrees: number): Float64Array {
  const kernel = new Float64Array(361);
  const angle = (degrees * Math.PI) / 180;
  for (let i = 0; i < 2000; i++) {
    const along = ((i + 0.5) / 2000 - 0.5) * length;
    const [x, y] = [9 + along * Math.cos(angle), 9 - along * Math.sin(angle)];
    const [column, row] = [Math.floor(x), Math.floor(y)];
    for (const [dx, dy] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ] as const) {
      const weight = (1 - Math.abs(x - column - dx)) * (1 - Math.abs(y - row - dy));
      const at = (row + dy) * 19 + column + dx;
      kernel[at] = (kernel[at] as number) + weight;
    }
  }
  return kernel;
}

describe("kernelShape", () => {
  test("has the length and direction of an even line", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 4, max: 16, noNaN: true }),
        fc.integer({ min: 0, max: 179 }),
        (length, degrees) => {
          const found = kernelShape(line(length, degrees));
          // Distributing points over taps adds up to 1/4 pixel² along and across.
          expect(Math.abs(found.length - length)).toBeLessThan(0.4);
          const apart = Math.abs(found.direction - degrees);
          expect(Math.min(apart, 180 - apart)).toBeLessThan(2);
        },
      ),
    );
  });

  test("is length 0 for one tap and NaN for none", () => {
    const one = new Float32Array(49);
    one[24] = 3;
    expect(kernelShape(one)).toEqual({ length: 0, direction: Number.NaN });
    expect(kernelShape(new Float32Array(49))).toEqual({
      length: Number.NaN,
      direction: Number.NaN,
    });
  });

  test("ignores negative taps", () => {
    const kernel = new Float32Array(25);
    kernel.set([0.5, 0.5], 11);
    kernel[0] = -4;
    expect(kernelShape(kernel).direction).toBe(0);
  });
});
