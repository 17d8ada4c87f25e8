import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expose, kernelOf, rasterise } from "../../../src/model/blur/psf.ts";
import { readSafetensors } from "../../../src/model/weights/safetensors.ts";
import { tensorOf } from "../../fixtures/reference.ts";

const canvas = 64;
const { tensors } = readSafetensors(
  readFileSync(new URL("../../fixtures/trajectories.safetensors", import.meta.url)),
);
const pathOf = (i: number) => ({
  x: Float64Array.from(tensorOf(tensors, `case.${i}.x`).data),
  y: Float64Array.from(tensorOf(tensors, `case.${i}.y`).data),
});

function published(i: number, exposure: number): Float64Array {
  const psf = new Float64Array(canvas ** 2);
  const { data } = tensorOf(tensors, `case.${i}.psf.${exposure}`);
  for (let at = 0; at < data.length; at += 3) {
    psf[(data[at] as number) * canvas + (data[at + 1] as number)] = data[at + 2] as number;
  }
  return psf;
}

const cases = [0, 1, 2, 3].flatMap((i) => [0.01, 0.1, 0.5, 1].map((part) => [i, part] as const));

test.each(cases)("path %i exposed for %d gives the published PSF", (i, exposure) => {
  const psf = rasterise(expose(pathOf(i), exposure), canvas);
  const expected = published(i, exposure);
  const worst = psf.reduce(
    (most, light, at) => Math.max(most, Math.abs(light - (expected[at] ?? 1))),
    0,
  );
  expect(worst).toBeLessThan(1e-6);
});

test("a path that leaves the grid is rejected", () => {
  const path = { x: Float64Array.of(1, 1, 6.5), y: Float64Array.of(1, 1, 1) };
  expect(() => rasterise(expose(path, 1), 7)).toThrow(
    "expected a path inside 7×7 but found (6.5, 1)",
  );
  expect(rasterise(expose(path, 1 / 3), 7)[8]).toBeCloseTo(1 / 3);
});

describe("the kernel of a path", () => {
  const path = fc
    .array(
      fc.tuple(
        fc.double({ min: -5, max: 5, noNaN: true }),
        fc.double({ min: -5, max: 5, noNaN: true }),
      ),
      {
        minLength: 2,
        maxLength: 40,
        size: "max",
      },
    )
    .map((points) => ({
      x: Float64Array.from(points, ([x]) => x),
      y: Float64Array.from(points, ([, y]) => y),
    }));
  const exposure = fc.double({ min: 0.05, max: 1, noNaN: true });
  const size = fc.constantFrom(9, 15, 19);

  test("sums to 1, is not negative, and has its centroid at the centre", () => {
    let kernels = 0;
    fc.assert(
      fc.property(path, exposure, size, (path, exposure, size) => {
        const kernel = kernelOf(path, exposure, size);
        if (kernel === undefined) return;
        kernels++;
        let [sum, x, y] = [0, 0, 0];
        kernel.forEach((value, at) => {
          expect(value).toBeGreaterThanOrEqual(0);
          sum += value;
          x += value * (at % size);
          y += value * Math.floor(at / size);
        });
        expect(sum).toBeCloseTo(1, 6);
        expect(x).toBeCloseTo((size - 1) / 2, 5);
        expect(y).toBeCloseTo((size - 1) / 2, 5);
      }),
    );
    expect(kernels).toBeGreaterThan(20);
  });

  test("does not depend on the position of the path", () => {
    const path = pathOf(0);
    const moved = { x: path.x.map((x) => x - 41.3), y: path.y.map((y) => y + 0.7) };
    const [here, there] = [kernelOf(path, 0.1, 19), kernelOf(moved, 0.1, 19)];
    for (const [at, value] of (here as Float32Array).entries()) {
      expect(value).toBeCloseTo(there?.[at] as number, 9);
    }
  });

  test("contains the exposed part only", () => {
    const path = pathOf(1);
    const later = { x: path.x.map((x, t) => (t > 31 ? x + 1000 : x)), y: path.y };
    expect(kernelOf(later, 0.1, 19)).toEqual(kernelOf(path, 0.1, 19));
    expect(kernelOf(later, 0.5, 19)).toBeUndefined();
  });

  test("is undefined if the path does not fit", () => {
    const wide = (reach: number) => ({
      x: Float64Array.of(0, -reach, reach),
      y: new Float64Array(3),
    });
    expect(kernelOf(wide(3.4), 1, 9)).toBeDefined();
    expect(kernelOf(wide(3.6), 1, 9)).toBeUndefined();
  });
});
