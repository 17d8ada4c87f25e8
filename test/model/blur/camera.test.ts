import { describe, expect, test } from "vitest";
import { develop, lightOf } from "../../../src/model/blur/camera.ts";
import { openStream } from "../../../src/model/random-stream.ts";

const random = () => openStream({ seed: 2, purpose: "noise", index: 0 });

test.each([1, 2.2])("light is encoded to the stored values at gamma %d", (gamma) => {
  const light = lightOf(gamma).slice();
  develop(light, { gamma, noise: 0, random: random() });
  expect([...light]).toEqual(Array.from({ length: 256 }, (_, n) => Math.fround(n / 255)));
});

test("half the light is 73 % of the stored range at gamma 2.2", () => {
  const light = Float32Array.of(0.5, -1e-9, 1.0000001);
  develop(light, { gamma: 2.2, noise: 0, random: random() });
  expect([...light]).toEqual([Math.fround(Math.round(255 * 0.5 ** (1 / 2.2)) / 255), 0, 1]);
});

describe("noise", () => {
  const light = new Float32Array(20_000).fill(0.5);
  develop(light, { gamma: 1, noise: 0.05, random: random() });

  test("has the requested standard deviation", () => {
    const mean = light.reduce((a, b) => a + b) / light.length;
    const square = light.reduce((sum, v) => sum + (v - mean) ** 2, 0) / light.length;
    expect(mean).toBeCloseTo(0.5, 2);
    expect(Math.sqrt(square)).toBeCloseTo(0.05, 2);
  });

  test("leaves eight bits", () => {
    for (const value of light) {
      expect(value).toBe(Math.fround(Math.round(value * 255) / 255));
    }
  });

  test("stays in 0..1", () => {
    const extremes = Float32Array.from({ length: 1000 }, (_, i) => i % 2);
    develop(extremes, { gamma: 1, noise: 0.3, random: random() });
    expect(Math.min(...extremes)).toBe(0);
    expect(Math.max(...extremes)).toBe(1);
  });
});
