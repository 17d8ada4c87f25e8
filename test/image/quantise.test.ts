import fc from "fast-check";
import { expect, test } from "vitest";
import { quantise } from "../../src/image/quantise.ts";
import { plainRadiometry } from "../../src/image/radiometry.ts";
import type { Raster } from "../../src/image/raster.ts";
import { type Samples, sampleTypeOf } from "../../src/image/samples.ts";

const pixel = (samples: Samples) => ({
  width: 1,
  height: 1,
  channels: samples.length,
  samples,
});
/** With the meaning samples have that do not say it. */
const plain = (source: Raster, residual: Float32Array, bits: 8 | 16) =>
  quantise(
    source,
    residual,
    plainRadiometry(source.channels, sampleTypeOf(source.samples)),
    `uint${bits}`,
  );
const rgb = (...residual: number[]) => Float32Array.from(residual);

test.each([
  {
    name: "adds in units of 8 bit",
    source: [100, 100, 100],
    residual: [2, -2, 0],
    out: [102, 98, 100],
  },
  {
    name: "rounds to the nearest",
    source: [100, 100, 100],
    residual: [0.49, 0.51, -0.51],
    out: [100, 101, 99],
  },
  {
    name: "clamps to 0 and 255",
    source: [250, 5, 255],
    residual: [10, -10, 255],
    out: [255, 0, 255],
  },
])("8 bit: $name", ({ source, residual, out }) => {
  const change = rgb(...residual.map((units) => units / 255));
  expect([...plain(pixel(Uint8Array.from(source)), change, 8)]).toEqual(out);
});

test("16 bit: adds in units of 16 bit, rounds and clamps", () => {
  const change = rgb(1000 / 65535, -3 / 65535, 0.3 / 65535);
  expect([...plain(pixel(Uint16Array.of(65000, 2, 300)), change, 16)]).toEqual([65535, 0, 300]);
});

test("grey takes the mean of the three residuals, alpha is copied", () => {
  const change = rgb(3 / 255, 6 / 255, 9 / 255);
  expect([...plain(pixel(Uint8Array.of(100)), change, 8)]).toEqual([106]);
  expect([...plain(pixel(Uint8Array.of(100, 7)), change, 8)]).toEqual([106, 7]);
  expect([...plain(pixel(Uint8Array.of(1, 2, 3, 200)), rgb(1, 1, 1), 8)]).toEqual([
    255, 255, 255, 200,
  ]);
});

test("8 to 16 bit: source × 257 + 65535 × residual", () => {
  const change = rgb(0, 100 / 65535, -1);
  const out = plain(pixel(Uint8Array.of(255, 1, 200, 128)), change, 16);
  expect(out).toBeInstanceOf(Uint16Array);
  expect([...out]).toEqual([65535, 357, 0, 32896]);
});

test("16 to 8 bit: (source + 65535 × residual) / 257, to the nearest", () => {
  const change = rgb(0, 257 / 65535, 0);
  const out = plain(pixel(Uint16Array.of(65535, 257, 385, 129)), change, 8);
  expect(out).toBeInstanceOf(Uint8Array);
  expect([...out]).toEqual([255, 2, 1, 1]);
});

test("planes of the residual belong to their channel and pixel", () => {
  const source = { width: 2, height: 1, channels: 3, samples: new Uint8Array(6) };
  const change = Float32Array.of(1, 2, 3, 4, 5, 6).map((units) => units / 255);
  expect([...plain(source, change, 8)]).toEqual([1, 3, 5, 2, 4, 6]);
});

test("where the residual is 0 and the depth stays, samples stay equal", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.oneof(
        fc.uint8Array({ minLength: 12, maxLength: 12 }),
        fc.uint16Array({ minLength: 12, maxLength: 12 }),
      ),
      (channels, samples) => {
        const bits = samples.BYTES_PER_ELEMENT === 1 ? 8 : 16;
        const width = 12 / channels;
        const source = { width, height: 1, channels, samples };
        expect(plain(source, new Float32Array(3 * width), bits)).toEqual(samples);
      },
    ),
  );
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  "a residual of %d never becomes a pixel",
  (value) => {
    for (const bits of [8, 16] as const)
      for (const samples of [Uint8Array.of(1, 2, 3), Uint16Array.of(1, 2, 3), Uint8Array.of(1)])
        expect(() => plain(pixel(samples), rgb(0, value, 0), bits)).toThrow("the residual is");
  },
);

test("a residual of another size is refused", () => {
  expect(() => plain(pixel(Uint8Array.of(1, 2, 3)), new Float32Array(6), 8)).toThrow("6 residuals");
});
