import { describe, expect, test } from "vitest";
import { planPoints } from "../../../src/image/point-grid.ts";
import { gatherSamples } from "../../../src/operators/samples/gather-samples.ts";
import { colourRange, inFigures, mapColours } from "../../../src/pipeline/kernel-files/heat-map.ts";
import { viridis } from "../../../src/pipeline/kernel-files/viridis.ts";

/** A field of one row. */
function rowOf(...values: number[]) {
  const field = gatherSamples(planPoints({ width: values.length, height: 1, spacing: 1 }), 1);
  field.values.set(values);
  return field;
}

const pixels = ({ rgb }: { rgb: Uint8Array }) =>
  Array.from({ length: rgb.length / 3 }, (_, i) => [...rgb.subarray(3 * i, 3 * i + 3)]);

describe("viridis", () => {
  test("has the published colours at its ends and in its middle", () => {
    expect(viridis(0)).toEqual([0x44, 0x01, 0x54]);
    expect(viridis(128 / 255)).toEqual([0x21, 0x91, 0x8c]);
    expect(viridis(1)).toEqual([0xfd, 0xe7, 0x25]);
    expect([viridis(-3), viridis(7)]).toEqual([viridis(0), viridis(1)]);
  });

  test("grows lighter from end to end", () => {
    const lights = Array.from({ length: 256 }, (_, i) => {
      const [red, green, blue] = viridis(i / 255);
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    });
    for (let i = 4; i < 256; i++) {
      expect(lights[i] as number).toBeGreaterThan(lights[i - 4] as number);
    }
  });
});

describe("the scale", () => {
  test("spans the values except their outermost hundredths, without missing ones", () => {
    const values = Float32Array.from({ length: 1000 }, (_, i) => i / 1000);
    values[999] = 50;
    expect(colourRange(values.reverse())).toEqual([
      expect.closeTo(0.01, 5),
      expect.closeTo(0.989, 5),
    ]);
    expect(colourRange(Float32Array.of(Number.NaN, 0.5, Number.NaN))).toEqual([0.5, 0.5]);
    expect(colourRange(Float32Array.of(Number.NaN))).toEqual([0, 0]);
  });

  test("gives each value its colour, one colour for equal values, grey for missing ones", () => {
    const map = mapColours(rowOf(0.2, 0.4, 0.6, Number.NaN, 0.9), [0.2, 0.6]);
    expect(pixels(map)).toEqual(
      [viridis(0), viridis(0.5), viridis(1), [150, 150, 150], viridis(1)].map((rgb) => [...rgb]),
    );
    expect(pixels(mapColours(rowOf(0.3, 0.3), [0.3, 0.3]))).toEqual(
      [viridis(0), viridis(0)].map((rgb) => [...rgb]),
    );
  });
});

test.each([
  [0.123, "0.123"],
  [0.04567, "0.0457"],
  [1.24e-5, "1.2e-5"],
])("writes the ends of the range with significant digits: %d", (value, text) => {
  expect(inFigures(value)).toBe(text);
});
