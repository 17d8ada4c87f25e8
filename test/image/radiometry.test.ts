/** Samples of every type, with nodata, masks and alpha, through both ends of the pipe's arithmetic. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { convert, isFlat } from "../../src/image/convert.ts";
import { quantise } from "../../src/image/quantise.ts";
import type { Radiometry } from "../../src/image/radiometry.ts";
import type { Raster } from "../../src/image/raster.ts";
import {
  bitsOf,
  createSamples,
  isFloat,
  limitsOf,
  nextSample,
  type Samples,
  type SampleType,
} from "../../src/image/samples.ts";

const types: readonly SampleType[] = [
  "uint8",
  "int8",
  "uint16",
  "int16",
  "uint32",
  "int32",
  "float32",
  "float64",
];

const bytesOf = (samples: Samples): string =>
  Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength).toString("hex");

/** Any bits at all, so also NaN with a payload, infinities, −0 and subnormal numbers. */
function anySamples(type: SampleType, length: number): fc.Arbitrary<Samples> {
  const size = (length * bitsOf(type)) / 8;
  const special = [Number.NaN, Infinity, -Infinity, -0, 0, 1, -3.4e38, 2 ** 32];
  return fc
    .tuple(
      fc.uint8Array({ minLength: size, maxLength: size }),
      fc.array(fc.tuple(fc.nat(length - 1), fc.constantFrom(...special)), { maxLength: 4 }),
    )
    .map(([bytes, specials]) => {
      const samples = createSamples(type, length);
      new Uint8Array(samples.buffer).set(bytes);
      for (const [at, value] of specials) samples[at] = value;
      return samples;
    });
}

interface Case {
  readonly type: SampleType;
  readonly source: Raster;
  readonly radiometry: Radiometry;
}

/** Rasters with every kind of meaning; nodata, where there is one, is often a value that occurs. */
const anyCase: fc.Arbitrary<Case> = fc
  .record({
    type: fc.constantFrom(...types),
    width: fc.integer({ min: 1, max: 5 }),
    height: fc.integer({ min: 1, max: 4 }),
    channels: fc.integer({ min: 1, max: 6 }),
  })
  .chain(({ type, width, height, channels }) =>
    fc
      .record({
        samples: anySamples(type, width * height * channels),
        valid: fc.option(
          fc.uint8Array({ min: 0, max: 1, minLength: width * height, maxLength: width * height }),
        ),
        three: fc.boolean(),
        alpha: fc.constantFrom("none", "straight", "premultiplied"),
        nodata: fc.option(fc.nat(width * height * channels - 1)),
      })
      .map(({ samples, valid, three, alpha, nodata }) => {
        const [low, high] = isFloat(type) ? [-3, 1000.5] : limitsOf(type);
        const radiometry: Radiometry = {
          colours: three && channels >= 3 ? [2, 0, 1] : [0],
          range: [low, high],
          ...(alpha !== "none" &&
            channels % 2 === 0 && {
              alpha: { channel: channels - 1, premultiplied: alpha === "premultiplied" },
            }),
          ...(nodata !== null && { nodata: samples[nodata] as number }),
        };
        const source = { width, height, channels, samples, ...(valid && { valid }) };
        return { type, source, radiometry };
      }),
  );

/** By the words of the promise, without the code under test. */
function isInvalid({ source, radiometry }: Case, pixel: number): boolean {
  const { samples, channels, valid } = source;
  const { colours, alpha, nodata } = radiometry;
  if (valid?.[pixel] === 0) return true;
  if (alpha && !((samples[pixel * channels + alpha.channel] as number) > 0)) return true;
  return colours.some((colour) => {
    const value = samples[pixel * channels + colour] as number;
    return !Number.isFinite(value) || value === nodata;
  });
}

describe("a block", () => {
  test("of any type keeps every bit where the net changes nothing", () => {
    fc.assert(
      fc.property(anyCase, ({ type, source, radiometry }) => {
        const residual = new Float32Array(3 * source.width * source.height);
        const out = quantise(source, residual, radiometry, type);
        expect(bytesOf(out)).toBe(bytesOf(source.samples));
      }),
      { numRuns: 2000 },
    );
  });

  test("keeps the bits of other bands and of pixels without a measurement, and makes no new nodata", () => {
    fc.assert(
      fc.property(anyCase, fc.infiniteStream(fc.float({ noNaN: true })), (made, random) => {
        const { type, source, radiometry } = made;
        const { width, height, channels, samples } = source;
        const residual = Float32Array.from({ length: 3 * width * height }, () => {
          const { value } = random.next();
          return Math.abs(value) < 1 ? value : 1 / value;
        });
        const out = quantise(source, residual, radiometry, type);
        const size = bitsOf(type) / 8;
        const bits = (from: Samples, at: number) => bytesOf(from.subarray(at, at + 1) as Samples);
        for (let at = 0; at < samples.length; at++) {
          const pixel = Math.floor(at / channels);
          const seen = radiometry.colours.includes(at % channels) && !isInvalid(made, pixel);
          if (!seen) expect([at, bits(out, at)]).toEqual([at, bits(samples, at)]);
          else {
            expect(Number.isFinite(out[at])).toBe(true);
            expect(out[at]).not.toBe(radiometry.nodata);
          }
        }
        expect(out.byteLength).toBe(samples.length * size);
      }),
      { numRuns: 2000 },
    );
  });

  test.each<[SampleType, number, number, number, number]>([
    ["uint8", 0, 3, -10 / 255, 1], // the least value: up
    ["uint8", 255, 250, 10 / 255, 254], // the greatest: down
    ["int16", -9999, -9000, -999 / 65535, -9998],
    ["int16", -9999, -10000, 1 / 65535, -10000],
    ["float32", -1, 0, -1, -1 + 2 ** -24],
    ["float64", 1, 0.5, 0.5, 1 - 2 ** -53],
  ])("of %s moves a value off nodata %d by one step, to the side it came from", (...given) => {
    const [type, nodata, value, residual, expected] = given;
    const samples = createSamples(type, 1);
    samples[0] = value;
    const range: [number, number] = isFloat(type) ? [0, 1] : [...limitsOf(type)];
    const out = quantise(
      { width: 1, height: 1, channels: 1, samples },
      new Float32Array(3).fill(residual),
      { colours: [0], range, nodata },
      type,
    );
    expect(out[0]).toBe(expected);
  });

  test("weights the residual of premultiplied colours by alpha", () => {
    const samples = Uint8Array.of(50, 60, 70, 51, 0, 0, 0, 0);
    const out = quantise(
      { width: 2, height: 1, channels: 4, samples },
      Float32Array.of(50, 50, 0, 0, -50, 50).map((units) => units / 255),
      { colours: [0, 1, 2], range: [0, 255], alpha: { channel: 3, premultiplied: true } },
      "uint8",
    );
    expect([...out]).toEqual([60, 60, 60, 51, 0, 0, 0, 0]);
  });

  test("of a negative, whose range runs down, takes the residual with the other sign", () => {
    const out = quantise(
      { width: 1, height: 1, channels: 1, samples: Uint8Array.of(100) },
      new Float32Array(3).fill(10 / 255),
      { colours: [0], range: [255, 0] },
      "uint8",
    );
    expect([...out]).toEqual([90]);
  });
});

describe("a tile the net sees", () => {
  const shown = (samples: Samples, valid: number[] | undefined, radiometry: Radiometry) => {
    const source = { width: samples.length, height: 1, channels: 1, samples };
    const mask = valid && { valid: Uint8Array.from(valid) };
    const size = { width: samples.length, height: 1 };
    return [...convert({ ...source, ...mask }, size, radiometry)].slice(0, samples.length);
  };

  test("has the nearest measurement where there is none", () => {
    const radiometry = { colours: [0], range: [0, 10], nodata: 9 } as const;
    const filled = [0.1, 0.1, 0.1, 0.4, 0.4, 0.4, 0.4].map(Math.fround);
    expect(shown(Uint8Array.of(1, 9, 9, 9, 4, 9, 9), undefined, radiometry)).toEqual(filled);
    const mask = [1, 0, 0, 0, 1, 0, 0];
    expect(shown(Uint8Array.of(1, 7, 7, 7, 4, 7, 7), mask, radiometry)).toEqual(filled);
    const holes = Float64Array.of(1, NaN, Infinity, -Infinity, 4, 9, NaN);
    expect(shown(holes, undefined, radiometry)).toEqual(filled);
  });

  // The 3-4 chamfer length of a way is between 4/√2 and √10 times its length, by its direction.
  const chamferBound = Math.sqrt(10) / (4 / Math.SQRT2);

  test("is filled from a pixel that lies near it in the plane", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        fc.infiniteStream(fc.nat(9)),
        (width, height, random) => {
          // The sample is the pixel's own number, so that the fill says where it came from.
          const samples = Float64Array.from({ length: width * height }, (_, i) => i);
          const valid = Uint8Array.from(samples, () => (random.next().value === 0 ? 1 : 0));
          const source = { width, height, channels: 1, samples, valid };
          const range: [number, number] = [0, samples.length];
          const pixels = convert(source, source, { colours: [0], range });
          const good = [...samples].filter((_, i) => valid[i] === 1);
          for (let at = 0; at < samples.length; at++) {
            const from = Math.round((pixels[at] as number) * samples.length);
            const distance = (to: number) =>
              Math.hypot(
                (to % width) - (at % width),
                Math.floor(to / width) - Math.floor(at / width),
              );
            if (good.length === 0) expect(from).toBe(0);
            else {
              expect(valid[from]).toBe(1);
              const nearest = Math.min(...good.map(distance));
              expect(distance(from)).toBeLessThanOrEqual(chamferBound * nearest + 1e-9);
            }
          }
        },
      ),
    );
  });

  test("has premultiplied colours divided by alpha, and none of what alpha 0 hides", () => {
    const samples = Uint8Array.of(51, 102, 0, 102, 255, 255, 255, 0);
    const pixels = convert(
      { width: 2, height: 1, channels: 4, samples },
      { width: 2, height: 1 },
      { colours: [0, 1, 2], range: [0, 255], alpha: { channel: 3, premultiplied: true } },
    );
    expect([...pixels]).toEqual([0.5, 0.5, 1, 1, 0, 0]);
  });

  test("is flat where each plane holds one value, or nothing is a measurement", () => {
    const radiometry = { colours: [0, 1, 2], range: [0, 255], nodata: 0 } as const;
    const flat = (...samples: number[]) => {
      const width = samples.length / 3;
      const source = { width, height: 1, channels: 3, samples: Uint8Array.from(samples) };
      return isFlat(convert(source, { width, height: 1 }, radiometry));
    };
    expect(flat(1, 2, 3, 1, 2, 3)).toBe(true);
    expect(flat(0, 0, 0, 7, 0, 9)).toBe(true);
    expect(flat(1, 2, 3, 0, 0, 0)).toBe(true);
    expect(flat(1, 2, 3, 1, 2, 4)).toBe(false);
    expect(flat(1, 2, 3, 1, 1, 3)).toBe(false);
  });
});

test("the next sample of a float is the nearest there is", () => {
  expect(nextSample("float32", 1, 2)).toBe(1 + 2 ** -23);
  expect(nextSample("float32", 1, 0)).toBe(1 - 2 ** -24);
  expect(nextSample("float32", -1, 0)).toBe(-1 + 2 ** -24);
  expect(nextSample("float32", 0, -1)).toBe(-(2 ** -149));
  expect(nextSample("float64", 1, 2)).toBe(1 + Number.EPSILON);
  expect(nextSample("int8", 5, 0)).toBe(4);
});
