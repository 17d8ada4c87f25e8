import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalNoise, philox, type Words } from "../../src/model/random.ts";

describe("philox", () => {
  // Random123's kat_vectors, "philox 4x32 10".
  it.each<[Words, [number, number], Words]>([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])("gives the published words for counter %j", (counter, key, words) => {
    expect(philox(counter, key)).toEqual(words);
  });
});

describe("normal noise", () => {
  const channels = 9;
  const place = fc.record({
    x: fc.nat(40),
    y: fc.nat(40),
    width: fc.integer({ min: 1, max: 9 }),
    height: fc.integer({ min: 1, max: 9 }),
  });
  const at = (field: { x: number; y: number; width: number; height: number }, seed: number) => {
    const noise = normalNoise({ seed, channels, ...field });
    return (c: number, y: number, x: number) =>
      noise[(c * field.height + y - field.y) * field.width + x - field.x];
  };

  it("is the same wherever two rectangles overlap", () => {
    fc.assert(
      fc.property(place, fc.nat(8), fc.nat(8), fc.nat(), (first, dx, dy, seed) => {
        const second = { ...first, x: first.x + dx, y: first.y + dy };
        const [a, b] = [at(first, seed), at(second, seed)];
        for (let y = second.y; y < first.y + first.height; y++) {
          for (let x = second.x; x < first.x + first.width; x++) {
            for (let c = 0; c < channels; c++) expect(b(c, y, x)).toBe(a(c, y, x));
          }
        }
      }),
    );
  });

  const field = { x: 0, y: 0, width: 64, height: 64, channels: 50 };
  const noise = normalNoise({ seed: 7, ...field });
  const mean = (f: (v: number, i: number) => number) =>
    noise.reduce((sum, v, i) => sum + f(v, i), 0) / noise.length;

  it("has the moments and the tails of a standard normal", () => {
    // 204,800 values: five standard errors of each moment.
    expect(Math.abs(mean((v) => v))).toBeLessThan(0.011);
    expect(Math.abs(mean((v) => v ** 2) - 1)).toBeLessThan(0.016);
    expect(Math.abs(mean((v) => v ** 3))).toBeLessThan(0.043);
    expect(Math.abs(mean((v) => v ** 4) - 3)).toBeLessThan(0.11);
    expect(Math.abs(mean((v) => (Math.abs(v) > 1.96 ? 1 : 0)) - 0.05)).toBeLessThan(0.0025);
  });

  it.each([
    ["a cell to the right", 1],
    ["a cell below", field.width],
    ["a channel on", field.width * field.height],
    ["two channels on", 2 * field.width * field.height],
    ["a block of channels on", 4 * field.width * field.height],
  ])("is not correlated with itself %s", (_, step) => {
    const correlation = mean((v, i) => v * (noise[(i + step) % noise.length] as number));
    expect(Math.abs(correlation)).toBeLessThan(0.011);
  });

  it("differs for another seed, also beyond 32 bits", () => {
    const of = (seed: number) => [...normalNoise({ ...field, seed, width: 1, height: 1 })];
    const seeds = [0, 1, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER];
    expect(new Set(seeds.map((seed) => of(seed).join())).size).toBe(seeds.length);
  });
});
