import { describe, expect, test } from "vitest";
import { type BlurField, expandField } from "../../../src/model/blur/blur-field.ts";
import { simulateField } from "../../../src/model/blur/simulate-field.ts";
import { openStream } from "../../../src/model/random-stream.ts";

const scene = { kernelSize: 19, width: 48, height: 40 };
const plane = scene.width * scene.height;
const fieldAt = (index: number) =>
  simulateField(openStream({ seed: 9, purpose: "blur", index }), scene);
const fields = Array.from({ length: 80 }, (_, i) => fieldAt(i));

/** The largest change of a kernel from a pixel to its neighbours, in L1. */
function steepest(field: BlurField): number {
  const kernels = expandField(field);
  let most = 0;
  for (const [dx, dy] of [
    [1, 0],
    [0, 1],
  ] as const) {
    for (let y = 0; y + dy < scene.height; y += 3) {
      for (let x = 0; x + dx < scene.width; x++) {
        const [here, there] = [y * scene.width + x, (y + dy) * scene.width + x + dx];
        let change = 0;
        for (let tap = 0; tap < 361; tap++) {
          change += Math.abs(
            (kernels[tap * plane + here] ?? 0) - (kernels[tap * plane + there] ?? 0),
          );
        }
        most = Math.max(most, change);
      }
    }
  }
  return most;
}

describe("random fields", () => {
  test("have shares that sum to 1 at every pixel, and kernels that sum to 1", () => {
    for (const { parts } of fields) {
      const sums = new Float64Array(plane).map((_, p) =>
        parts.reduce((all, { share }) => all + (share[p] as number), 0),
      );
      expect(Math.max(...sums.map((sum) => Math.abs(sum - 1)))).toBeLessThan(1e-6);
      for (const { kernel, share } of parts) {
        expect(kernel.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
        expect(share.every((part) => part >= 0 && part <= 1)).toBe(true);
      }
    }
  });

  test("expand to one kernel per pixel that sums to 1", () => {
    const kernels = expandField(fields[3] as BlurField);
    for (let p = 0; p < plane; p += 7) {
      let sum = 0;
      for (let tap = 0; tap < 361; tap++) sum += kernels[tap * plane + p] as number;
      expect(sum).toBeCloseTo(1, 5);
    }
  });

  test("include uniform, smoothly changing and hard-edged ones", () => {
    const steps = fields.map(steepest);
    const uniform = steps.filter((step) => step < 1e-6).length;
    const smooth = steps.filter((step) => step >= 1e-6 && step < 0.3).length;
    const hard = steps.filter((step) => step > 0.8).length;
    expect(uniform).toBeGreaterThan(8);
    expect(smooth).toBeGreaterThan(8);
    expect(hard).toBeGreaterThan(8);
    // Two kernels differ by at most 2.
    expect(Math.max(...steps)).toBeLessThanOrEqual(2.0001);
  });

  test("are the same from the same stream", () => {
    expect(fieldAt(5)).toEqual(fields[5]);
  });
});
