import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expandField } from "../../../src/model/blur/blur-field.ts";
import { type PlanarImage, surround } from "../../../src/model/blur/planar-image.ts";
import { blurByField, reblur } from "../../../src/model/blur/reblur.ts";
import { simulateField } from "../../../src/model/blur/simulate-field.ts";
import { openStream } from "../../../src/model/random-stream.ts";
import { readSafetensors } from "../../../src/model/weights/safetensors.ts";
import type { Tensor } from "../../../src/model/weights/weights.ts";
import { referenceNets, tensorOf } from "../../fixtures/reference.ts";
import { error, pseudoRandom } from "../compare.ts";

const { tensors } = readSafetensors(
  readFileSync(new URL("../../fixtures/reblur-k5.safetensors", import.meta.url)),
);

const worst = (found: Float32Array, expected: Float32Array): number => {
  expect(found.length).toBe(expected.length);
  return found.reduce((most, v, i) => Math.max(most, Math.abs(v - (expected[i] as number))), 0);
};

describe.each(["reflect", "replicate"] as const)("⊗ with %s padding", (border) => {
  test("agrees with PyTorch on random numbers", () => {
    const image = { width: 9, height: 11, values: tensorOf(tensors, "image").data };
    const blurred = reblur(image, tensorOf(tensors, "kernels").data, { kernelSize: 5, border });
    const expected = tensorOf(tensors, border);
    expect(error({ shape: expected.shape, data: blurred }, expected)).toBeLessThan(1e-6);
  });

  test("agrees with the authors' code on decoded kernels", () => {
    for (const { io } of referenceNets()) {
      const expected = tensorOf(io, `reblur.${border}`);
      const [, , height = 0, width = 0] = expected.shape;
      const decoded = tensorOf(io, "flow.kernels");
      const [, , taps = 0] = decoded.shape;
      const options = { kernelSize: Math.sqrt(taps), border };
      const image = padded(tensorOf(io, "input"), width, height);
      const blurred = reblur(image, transposed(decoded.data, taps), options);
      expect(error({ shape: expected.shape, data: blurred }, expected)).toBeLessThan(1e-6);
    }
  });
});

/** [pixels, taps] as [taps, pixels]. */
function transposed(values: Float32Array, taps: number): Float32Array {
  const pixels = values.length / taps;
  return values.map((_, i) => values[(i % pixels) * taps + Math.floor(i / pixels)] as number);
}

/** Reflected right and bottom, as the net pads. */
function padded({ shape, data }: Tensor, width: number, height: number): PlanarImage {
  const [, , h = 0, w = 0] = shape;
  const plane = width * height;
  const values = Float32Array.from({ length: 3 * plane }, (_, i) => {
    const [c, y, x] = [Math.floor(i / plane), Math.floor(i / width) % height, i % width];
    const [row, column] = [Math.min(y, 2 * h - 2 - y), Math.min(x, 2 * w - 2 - x)];
    return data[(c * h + row) * w + column] as number;
  });
  return { width, height, values };
}

test("a wrong number of kernels is rejected", () => {
  const image = { width: 4, height: 3, values: new Float32Array(36) };
  const options = { kernelSize: 3, border: "replicate" } as const;
  expect(() => reblur(image, new Float32Array(9 * 11), options)).toThrow(
    "expected 9 × 3 × 4 kernel values but received 99",
  );
});

describe("blurring by a field", () => {
  const scene = fc.record({
    kernelSize: fc.constantFrom(7, 19),
    width: fc.integer({ min: 1, max: 40 }),
    height: fc.integer({ min: 1, max: 40 }),
  });
  const border = fc.constantFrom("replicate" as const, "reflect" as const, "none" as const);

  test("equals ⊗ with the expanded field exactly", () => {
    fc.assert(
      fc.property(scene, border, fc.nat(), (scene, border, index) => {
        const field = simulateField(openStream({ seed: 5, purpose: "blur", index }), scene);
        const { kernelSize } = scene;
        const more = border === "none" ? kernelSize - 1 : 0;
        const [width, height] = [scene.width + more, scene.height + more];
        const values = pseudoRandom(3 * width * height, index).map((v) => (v + 1) / 2);
        const image = { width, height, values };
        const blurred = blurByField(image, field, border);
        const again = reblur(image, expandField(field), { kernelSize, border });
        expect(worst(blurred, again)).toBeLessThan(1e-6);
      }),
      { numRuns: 60 },
    );
  });

  test("changes nothing in an image of one colour", () => {
    const scene = { kernelSize: 19, width: 33, height: 21 };
    const field = simulateField(openStream({ seed: 5, purpose: "blur", index: 8 }), scene);
    const flat = { width: 33, height: 21, values: new Float32Array(3 * 33 * 21).fill(0.6) };
    expect(worst(blurByField(flat, field, "replicate"), flat.values)).toBeLessThan(1e-6);
  });

  test("with half a kernel of surroundings equals the inside of the larger blurred image", () => {
    const field = simulateField(openStream({ seed: 5, purpose: "blur", index: 2 }), {
      kernelSize: 7,
      width: 10,
      height: 12,
    });
    const image = { width: 10, height: 12, values: pseudoRandom(360) };
    const around = surround(image, 3, "reflect");
    expect(blurByField(around, field, "none")).toEqual(blurByField(image, field, "reflect"));
  });

  test("a field of another size is rejected", () => {
    const field = { kernelSize: 3, width: 4, height: 4, parts: [] };
    const image = { width: 5, height: 4, values: new Float32Array(60) };
    expect(() => blurByField(image, field, "replicate")).toThrow(
      "expected a field of 5×4 but received one of 4×4",
    );
  });
});
