import { expect, test } from "vitest";
import { convert } from "../../src/image/convert.ts";
import { plainRadiometry } from "../../src/image/radiometry.ts";
import type { Raster } from "../../src/image/raster.ts";
import { sampleTypeOf } from "../../src/image/samples.ts";

const row = (...samples: number[]) => ({
  width: samples.length,
  height: 1,
  channels: 1,
  samples: Uint8Array.from(samples),
});
/** With the meaning samples have that do not say it. */
const plain = (source: Raster, padded: { width: number; height: number }) =>
  convert(source, padded, plainRadiometry(source.channels, sampleTypeOf(source.samples)));
const inUnits = (pixels: Float32Array, scale: number) =>
  Array.from(pixels, (x) => Math.round(x * scale));

// numpy.pad([…], (0, n), mode="reflect")
test.each([
  { size: 1, expected: [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10] },
  { size: 2, expected: [10, 20, 10, 20, 10, 20, 10, 20, 10, 20, 10, 20, 10, 20, 10, 20] },
  { size: 3, expected: [10, 20, 30, 20, 10, 20, 30, 20, 10, 20, 30, 20, 10, 20, 30, 20] },
  { size: 5, expected: [10, 20, 30, 40, 50, 40, 30, 20, 10, 20, 30, 40, 50, 40, 30, 20] },
  { size: 16, expected: Array.from({ length: 16 }, (_, i) => 10 * (i + 1)) },
])("a side of $size is padded to 16 by reflection without the edge", ({ size, expected }) => {
  const samples = Array.from({ length: size }, (_, i) => 10 * (i + 1));
  const across = plain(row(...samples), { width: 16, height: 1 });
  const down = plain(
    { width: 1, height: size, channels: 1, samples: Uint8Array.from(samples) },
    { width: 1, height: 16 },
  );
  for (const pixels of [across, down])
    expect(inUnits(pixels, 255)).toEqual([...expected, ...expected, ...expected]);
});

test("both sides are padded, the corner by both reflections", () => {
  const pixels = plain(
    { width: 3, height: 2, channels: 1, samples: Uint8Array.of(1, 2, 3, 4, 5, 6) },
    { width: 4, height: 4 },
  );
  // numpy.pad([[1, 2, 3], [4, 5, 6]], ((0, 2), (0, 1)), mode="reflect")
  expect(inUnits(pixels, 255).slice(0, 16)).toEqual([
    1, 2, 3, 2, 4, 5, 6, 5, 1, 2, 3, 2, 4, 5, 6, 5,
  ]);
});

test("x is the float32 nearest to sample / 255 or sample / 65535, by the kind of array", () => {
  const eight = plain(row(0, 1, 128, 255), { width: 4, height: 1 });
  expect([...eight.subarray(0, 4)]).toEqual([0, 1 / 255, 128 / 255, 1].map(Math.fround));
  const sixteen = plain(
    { width: 4, height: 1, channels: 1, samples: Uint16Array.of(0, 1, 255, 65535) },
    { width: 4, height: 1 },
  );
  expect([...sixteen.subarray(0, 4)]).toEqual([0, 1 / 65535, 255 / 65535, 1].map(Math.fround));
});

test.each([
  { channels: 1, samples: [10, 20], planes: [10, 20, 10, 20, 10, 20] },
  { channels: 2, samples: [10, 99, 20, 98], planes: [10, 20, 10, 20, 10, 20] },
  { channels: 3, samples: [10, 30, 50, 20, 40, 60], planes: [10, 20, 30, 40, 50, 60] },
  { channels: 4, samples: [10, 30, 50, 99, 20, 40, 60, 98], planes: [10, 20, 30, 40, 50, 60] },
])(
  "$channels channels become three colour planes without alpha",
  ({ channels, samples, planes }) => {
    const source = { width: 2, height: 1, channels, samples: Uint8Array.from(samples) };
    expect(inUnits(plain(source, { width: 2, height: 1 }), 255)).toEqual(planes);
  },
);

test("sizes that do not fit are refused", () => {
  expect(() => plain(row(1, 2, 3), { width: 2, height: 1 })).toThrow("cannot pad 3×1×1");
  expect(() => plain({ ...row(1, 2), height: 2 }, { width: 2, height: 2 })).toThrow("2 samples");
});
