import { expect, test } from "vitest";
import type { SampleType } from "../../../../../src/image/samples.ts";
import { nodataOf } from "../../../../../src/io/formats/tiff/read/band-meaning.ts";

test.each<[string, SampleType, number | undefined]>([
  ["0", "uint8", 0],
  [" -9999 ", "int16", -9999],
  ["nan", "float32", Number.NaN],
  ["-nan", "float64", Number.NaN],
  ["inf", "float32", Number.POSITIVE_INFINITY],
  ["-inf", "float64", Number.NEGATIVE_INFINITY],
  ["-3.4e+38", "float32", Math.fround(-3.4e38)],
  ["-3.4e+38", "float64", -3.4e38],
  ["1e2", "uint8", 100],
  // What a sample cannot be marks none.
  ["-9999", "uint8", undefined],
  ["256", "uint8", undefined],
  ["0.5", "int32", undefined],
  ["nan", "uint16", undefined],
  ["none", "float32", undefined],
  ["", "float32", undefined],
])("nodata %j of %s samples is %d", (text, type, expected) => {
  expect(nodataOf(text, type)).toBe(expected);
});
