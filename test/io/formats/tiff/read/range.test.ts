import fc from "fast-check";
import { expect, test } from "vitest";
import type { Radiometry } from "../../../../../src/image/radiometry.ts";
import { type Level, percentileRange } from "../../../../../src/io/formats/tiff/read/range.ts";
import type { Rect } from "../../../../../src/rect.ts";

const { signal } = new AbortController();
const grey: Radiometry = { colours: [0], range: [0, 1] };

/** A picture of blocks of 10×10 with a sample for each place, and what was read of it. */
function level(
  width: number,
  height: number,
  at: (x: number, y: number) => number,
  block = 10,
): Level & { readonly read: Level["read"]; readonly rects: Rect[] } {
  const rects: Rect[] = [];
  return {
    ...{ width, height, bands: 1, blockWidth: block, blockHeight: block, rects },
    async read(rect) {
      rects.push(rect);
      const samples = Float64Array.from({ length: rect.width * rect.height }, (_, i) =>
        at(rect.x + (i % rect.width), rect.y + Math.floor(i / rect.width)),
      );
      return { width: rect.width, height: rect.height, channels: 1, samples };
    },
  };
}

test("it is the percentiles 0.1 and 99.9, between the samples as numpy has them", async () => {
  // numpy.percentile(numpy.arange(2000), [0.1, 99.9]) → 1.999, 1997.001
  const range = await percentileRange(
    level(50, 40, (x, y) => y * 50 + x),
    grey,
    signal,
  );
  expect(range.map((value) => Number(value.toFixed(6)))).toEqual([1.999, 1997.001]);
});

test("what is no measurement is left out", async () => {
  const holes = level(50, 40, (x) => (x % 3 === 0 ? -9999 : x % 3 === 1 ? Number.NaN : x));
  const range = await percentileRange(holes, { ...grey, nodata: -9999 }, signal);
  expect(range.map(Math.round)).toEqual([2, 47]);
});

test("premultiplied colours are taken as they are without alpha", async () => {
  const half: Level = {
    ...level(10, 10, () => 0),
    read: async () => {
      const samples = Uint16Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? i * 10 : 32768));
      return { width: 10, height: 10, channels: 2, samples };
    },
  };
  const alpha = { channel: 1, premultiplied: true };
  const [low, high] = await percentileRange(half, { ...grey, alpha }, signal);
  expect([Math.round(low / 100), Math.round(high / 100)]).toEqual([0, 40]);
});

test.each([
  ["nothing is a measurement", Number.NaN, [0, 1]],
  ["all samples are 7", 7, [7, 14]],
  ["all samples are 0", 0, [0, 1]],
  ["all samples are −7", -7, [-7, 0]],
])("where %s there is a range all the same", async (_, value, expected) => {
  expect(
    await percentileRange(
      level(30, 30, () => value),
      grey,
      signal,
    ),
  ).toEqual(expected);
});

test("any samples give two finite numbers that differ by a finite one", () =>
  fc.assert(
    fc.asyncProperty(
      fc.float64Array({ minLength: 1, maxLength: 30, size: "max" }),
      async (samples) => {
        const strange = level(samples.length, 1, (x) => samples[x] as number);
        const [low, high] = await percentileRange(strange, grey, signal);
        expect(low).toBeLessThan(high);
        expect(Number.isFinite(high - low)).toBe(true);
      },
    ),
  ));

test("of a large picture some blocks are read, all over it, the same each time", async () => {
  const large = () => level(100_000, 100_000, (x, y) => x + y, 1000);
  const [one, other] = [large(), large()];
  expect(await percentileRange(one, grey, signal)).toEqual(
    await percentileRange(other, grey, signal),
  );
  expect(one.rects).toEqual(other.rects);
  expect(one.rects.length).toBeLessThanOrEqual(34);
  const quarters = new Set(one.rects.map(({ x, y }) => [x < 50_000, y < 50_000].join()));
  expect(quarters.size).toBe(4);
});

test("an aborted run reads no more", async () => {
  const abort = new AbortController();
  abort.abort(new Error("the user left"));
  await expect(
    percentileRange(
      level(9, 9, () => 1),
      grey,
      abort.signal,
    ),
  ).rejects.toThrow("the user left");
});
