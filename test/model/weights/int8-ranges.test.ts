/** Tests the metadata field with ranges for int8: written fields are read, invalid ones rejected. */
import { expect, test } from "vitest";
import { UnavailableError, WeightsError } from "../../../src/errors.ts";
import {
  formatRanges,
  type Int8Ranges,
  rangesField,
  rangesIn,
  rangesOf,
  widest,
} from "../../../src/model/weights/int8-ranges.ts";

const convs = "0123456789abcdef";
const ranges: Int8Ranges = new Map([
  ["estimate-kernels", { convs, ranges: [{ input: [0, 1], output: [-2.5, 0.125] } as const] }],
  ["restore tlc", { convs, ranges: [] }],
]);

test("ranges that were written can be read", () => {
  expect(rangesIn({ [rangesField]: formatRanges(ranges) })).toEqual(ranges);
  expect(rangesIn({})).toBeUndefined();
});

test("values that are always 0, or never 0, get a range around 0", () => {
  const odd = { input: [0, 0], output: [3, 4] } as const;
  const text = formatRanges(new Map([["restore tlc", { convs, ranges: [odd] }]]));
  const [read] = rangesOf(rangesIn({ [rangesField]: text }), "restore tlc").ranges;
  expect(read?.output).toEqual([0, 4]);
  expect(read?.input[0]).toBe(0);
  expect(read?.input[1]).toBeGreaterThan(0);
});

test.each([
  ["no JSON", "{"],
  ["no object", "[]"],
  ["null", "null"],
  ["an unknown graph", JSON.stringify({ restore: [convs] })],
  ["a prototype", `{"__proto__":["${convs}"]}`],
  ["no list", JSON.stringify({ "restore tlc": { 0: convs } })],
  ["no fingerprint", JSON.stringify({ "restore tlc": [0, 1, 0, 1] })],
  ["another fingerprint", JSON.stringify({ "restore tlc": ["0123"] })],
  ["three numbers", JSON.stringify({ "restore tlc": [convs, 0, 1, 0] })],
  ["text for a number", JSON.stringify({ "restore tlc": [convs, 0, 1, 0, "1"] })],
  ["null for a number", JSON.stringify({ "restore tlc": [convs, 0, 1, 0, null] })],
  ["a number without end", `{"restore tlc":["${convs}",0,1,0,1e999]}`],
  ["ends the wrong way round", JSON.stringify({ "restore tlc": [convs, 1, 0, 0, 1] })],
  ["a range without 0", JSON.stringify({ "restore tlc": [convs, 1, 2, 0, 1] })],
  ["an empty range", JSON.stringify({ "restore tlc": [convs, 0, 0, 0, 1] })],
  ["a range too narrow for a scale", JSON.stringify({ "restore tlc": [convs, 0, 1e-40, 0, 1] })],
])("%s is rejected with a one-line message", (_, text) => {
  expect(() => rangesIn({ [rangesField]: text })).toThrow(WeightsError);
  expect(() => rangesIn({ [rangesField]: text })).toThrow(/^expected int8_ranges to be [^\n]*$/);
});

test("missing ranges of a graph are reported with the remedy", () => {
  expect(() => rangesOf(ranges, "restore global", "a.safetensors")).toThrow(UnavailableError);
  expect(() => rangesOf(ranges, "restore global", "a.safetensors")).toThrow(
    "a.safetensors: no ranges for int8 (restore global); calibrate first: deblur calibrate PICTURES --weights a.safetensors -o OUT.safetensors",
  );
});

test("the union of two tiles' ranges is taken", () => {
  const one = { convs, ranges: [{ input: [-1, 2], output: [0, 5] } as const] };
  const other = { convs, ranges: [{ input: [-3, 1], output: [0, 4] } as const] };
  const both = { convs, ranges: [{ input: [-3, 2], output: [0, 5] }] };
  expect(widest(one, other)).toEqual(both);
  expect(widest(undefined, one)).toEqual(one);
});
