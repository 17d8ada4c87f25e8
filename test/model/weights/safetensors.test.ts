import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WeightsError } from "../../../src/errors.ts";
import type { Dtype } from "../../../src/model/weights/floats.ts";
import { readSafetensors } from "../../../src/model/weights/safetensors.ts";
import type { Tensor } from "../../../src/model/weights/weights.ts";
import { writeSafetensors } from "../../../src/model/weights/write-safetensors.ts";

const micro = new Uint8Array(
  readFileSync(new URL("../../fixtures/ufpnet-micro-k7.weights.safetensors", import.meta.url)),
);

/** A file in the documented format: length, header, data. */
function file(header: string | Uint8Array, data: readonly number[] = [], claimed?: bigint) {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

const entry = (dtype: string, shape: string, begin: number | string, end: number | string) =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

/** Reads it; only success or a WeightsError is allowed. */
function readOrRefuse(bytes: Uint8Array): boolean {
  try {
    readSafetensors(bytes);
    return true;
  } catch (error) {
    if (error instanceof WeightsError) return false;
    throw error;
  }
}

describe("reading safetensors", () => {
  it("returns the tensors, metadata and formats of a handwritten file", () => {
    const header = `{"__metadata__":{"width":"4"},"a":${entry("F32", "[2,1]", 0, 8)},"b":${entry("F16", "[]", 8, 10)},"c":${entry("BF16", "[1]", 10, 12)},"d":${entry("F32", "[0,3]", 12, 12)}}  `;
    const data = [0, 0, 128, 63, 0, 0, 0, 192, 0, 0x3c, 0x49, 0x40];
    const { tensors, metadata, dtypes } = readSafetensors(file(header, data));
    expect([...tensors].map(([name, t]) => [name, t.shape, [...t.data]])).toEqual([
      ["a", [2, 1], [1, -2]],
      ["b", [], [1]],
      ["c", [1], [3.140625]],
      ["d", [0, 3], []],
    ]);
    expect(metadata).toEqual({ width: "4" });
    expect([...dtypes.values()]).toEqual(["F32", "F16", "BF16", "F32"]);
  });

  it("reads from the middle of a larger buffer, at any alignment", () => {
    const bytes = file(`{"a":${entry("F32", "[1]", 0, 4)}}`, [0, 0, 128, 63]);
    for (let shift = 0; shift < 8; shift++) {
      const buffer = new Uint8Array(bytes.length + 16);
      buffer.set(bytes, shift);
      const { tensors } = readSafetensors(buffer.subarray(shift, shift + bytes.length));
      expect([...(tensors.get("a") as Tensor).data]).toEqual([1]);
    }
  });

  const four = [0, 0, 0, 0];
  const one = entry("F32", "[1]", 0, 4);
  const nested = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  it.each<[string, Uint8Array, RegExp]>([
    ["nothing", new Uint8Array(), /at least 8 bytes but found 0/],
    ["a header longer than the file", file("{}", [], 3n), /claims 3 bytes where at most 2/],
    ["a header of 2^64 − 1", file("{}", [], 2n ** 64n - 1n), /claims 18446744073709551615/],
    ["no JSON", file("{,}"), /not JSON/],
    ["a string without end", file('{"a'), /not JSON/],
    ["text that is not UTF-8", file(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)), /not JSON/],
    ["a byte order mark", file("\u{feff}{}"), /not a table of tensors/],
    ["a list", file("[]"), /not an object/],
    ["null", file("null"), /not a table of tensors/],
    ["brackets without end", file(`{"a":${nested}}`), /too deep/],
    ["a tensor that is a number", file('{"a":1}'), /a: expected dtype, shape/],
    ["metadata in a list", file('{"__metadata__":["x"]}'), /map names to strings/],
    ["metadata that are numbers", file('{"__metadata__":{"a":1}}'), /map names to strings/],
    ["a tensor twice", file(`{"a":${one},"a":${one}}`, four), /contains "a" twice/],
    ["a tensor twice, spelt otherwise", file(`{"a":${one},"\\u0061":${one}}`, four), /"a" twice/],
    ["metadata twice", file('{"__metadata__":{},"__metadata__":{}}'), /"__metadata__" twice/],
    ["a field twice", file(`{"a":{"dtype":"F32","dtype":"F16"}}`), /"dtype" twice/],
    ["an unknown field", file(`{"a":{"dtype":"F32","x":"y"}}`), /a: unexpected field "x"/],
    ["another format", file(`{"a":${entry("I64", "[1]", 0, 8)}}`, [...four, ...four]), /"I64"/],
    ["a format named after a method", file(`{"a":${entry("toString", "[1]", 0, 4)}}`), /toString/],
    ["a fraction of a size", file(`{"a":${entry("F32", "[1.0]", 0, 4)}}`, four), /not a table/],
    ["a size below 0", file(`{"a":${entry("F32", "[-1]", 0, 4)}}`, four), /not a table/],
    ["an invalid shape", file(`{"a":${entry("F32", '["1"]', 0, 4)}}`, four), /a: expected a sh/],
    ["a shape of 9", file(`{"a":${entry("F32", "[1,1,1,1,1,1,1,1,1]", 0, 4)}}`, four), /at most 8/],
    ["three offsets", file(`{"a":${entry("F32", "[1]", 0, "4,4")}}`, four), /two offsets/],
    [
      "offsets that do not fit",
      file(`{"a":${entry("F32", "[2]", 0, 4)}}`, four),
      /expected 8 bytes/,
    ],
    ["offsets backwards", file(`{"a":${entry("F32", "[1]", 4, 0)}}`, four), /expected 4 bytes/],
    [
      "2^40 values",
      file(`{"a":${entry("F32", "[1099511627776]", 0, 2 ** 42)}}`, four),
      /truncated/,
    ],
    [
      "a product beyond 2^53",
      file(`{"a":${entry("F32", "[4294967296,4294967296]", 0, 0)}}`),
      /expected 73786976294838210000 bytes/,
    ],
    [
      "a product that wraps to 4",
      file(`{"a":${entry("F32", "[4294967296,4294967296,4294967296]", 0, 4)}}`, four),
      /expected 3\.16/,
    ],
    ["a size beyond 2^53", file(`{"a":${entry("F32", `[${"9".repeat(30)}]`, 0, 4)}}`), /a shape/],
    ["an overlap", file(`{"a":${one},"b":${entry("F32", "[1]", 0, 4)}}`, four), /b overlaps/],
    [
      "a hole",
      file(`{"a":${one},"b":${entry("F32", "[1]", 8, 12)}}`, [...four, ...four, ...four]),
      /b leaves a hole/,
    ],
    ["unclaimed bytes", file(`{"a":${one}}`, [...four, 0]), /expected 4 .* found 5.*too long/],
    ["truncated data", file(`{"a":${one}}`, [0, 0, 0]), /truncated/],
    ["no name", file(`{"":${one}}`, four), /1 to 200 visible/],
    [
      "a name that moves the cursor",
      file(`{"a\\u001b[2J":${one}}`, four),
      /found "a\u{fffd}\[2J"$/u,
    ],
    ["half a character", file(`{"\\ud800":${one}}`, four), /1 to 200 visible/],
    ["a name of a page", file(`{"${"a".repeat(5000)}":${one}}`, four), /found "a{80}…"$/],
  ])("rejects %s", (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(WeightsError);
    expect(() => readSafetensors(bytes)).toThrow(message);
  });

  it("accepts names of object methods as names", () => {
    const header = `{"__proto__":${one},"constructor":${entry("F32", "[1]", 4, 8)}}`;
    const { tensors } = readSafetensors(file(header, [...four, ...four]));
    expect([...tensors.keys()]).toEqual(["__proto__", "constructor"]);
  });

  it("rejects a header of many parts before parsing it", () => {
    const many = `{"a":{"shape":[${"1,".repeat(2_000_001)}1]}}`;
    expect(() => readSafetensors(file(many))).toThrow(/too deep or too long/);
  });

  it("rejects a file truncated anywhere", () => {
    const headerEnd = 8 + Number(new DataView(micro.buffer).getBigUint64(0, true));
    for (let end = 0; end <= headerEnd; end++) {
      expect(readOrRefuse(micro.subarray(0, end))).toBe(false);
    }
    const inData = fc.integer({ min: headerEnd, max: micro.length - 1 });
    fc.assert(
      fc.property(inData, (end) => !readOrRefuse(micro.subarray(0, end))),
      { numRuns: 50 },
    );
  });

  it("fails only with a WeightsError, whatever byte of the header is wrong", () => {
    const small = file(
      `{"__metadata__":{"k":"v"},"a.b":${entry("F32", "[1,2]", 0, 8)},"c":${entry("F16", "[1]", 8, 10)}}`,
      [0, 0, 128, 63, 0, 0, 0, 192, 0, 60],
    );
    let read = 0;
    for (let at = 0; at < small.length; at++) {
      for (let byte = 0; byte < 256; byte++) {
        const changed = small.slice();
        changed[at] = byte;
        if (readOrRefuse(changed)) read++;
      }
    }
    // At least as it was, and with any value.
    expect(read).toBeGreaterThan(small.length + 10 * 255);
    expect(read).toBeLessThan(small.length * 128);
    const headerEnd = 8 + Number(new DataView(micro.buffer).getBigUint64(0, true));
    const flips = fc.array(
      fc.tuple(fc.integer({ min: 0, max: headerEnd }), fc.integer({ min: 1, max: 255 })),
      { minLength: 1, maxLength: 5 },
    );
    let flipped = 0;
    fc.assert(
      fc.property(flips, (list) => {
        const changed = micro.slice();
        for (const [at, bits] of list) changed[at] = (changed[at] as number) ^ bits;
        if (readOrRefuse(changed)) flipped++;
      }),
      { numRuns: 200 },
    );
    expect(flipped).toBeGreaterThan(0);
    expect(flipped).toBeLessThan(200);
  });
});

describe("writing safetensors", () => {
  const tensor = (shape: readonly number[], ...values: number[]): Tensor => ({
    shape,
    data: Float32Array.from(values),
  });

  it("writes the bytes the format defines, padded to 8, wide values first", () => {
    const weights = new Map([
      ["a", tensor([1], 1)],
      ["b", tensor([2], 1, -2)],
    ]);
    const written = writeSafetensors(weights, { k: "v" }, (name) => (name === "b" ? "F32" : "F16"));
    const header =
      '{"__metadata__":{"k":"v"},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F16","shape":[1],"data_offsets":[8,10]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    expect(padded.length).toBeGreaterThan(header.length);
    const data = [0, 0, 128, 63, 0, 0, 0, 192, 0, 60];
    expect(Buffer.from(written)).toEqual(Buffer.from(file(padded, data)));
  });

  it("writes the same bytes for any order of tensors and metadata", () => {
    const items: [string, Tensor][] = [
      ["B", tensor([1], 1)],
      ["a", tensor([1], 2)],
      ["ä", tensor([1], 3)],
      ["10", tensor([1], 4)],
      ["9", tensor([1], 5)],
    ];
    const one = writeSafetensors(new Map(items), { x: "1", y: "2" }, "F32");
    const other = writeSafetensors(new Map(items.toReversed()), { y: "2", x: "1" }, "F32");
    expect(Buffer.from(one)).toEqual(Buffer.from(other));
    expect(readSafetensors(one).tensors).toEqual(new Map(items));
  });

  it("reports the tensor and the value that is too large for the format", () => {
    const weights = new Map([
      ["fine", tensor([1], 65504)],
      ["large", tensor([2], 1, -65520)],
    ]);
    expect(() => writeSafetensors(weights, {}, "F16")).toThrow(
      new WeightsError("tensor large: -65520 is too large for F16"),
    );
    expect(() => writeSafetensors(weights, {}, "BF16")).not.toThrow();
    const largest = new Map([["x", tensor([1], 3.4028234663852886e38)]]);
    expect(() => writeSafetensors(largest, {}, "BF16")).toThrow(/x: .* too large for BF16/);
  });

  it.each<[string, Tensor, RegExp]>([
    ["a", tensor([2], 1), /"a" \[2\] cannot hold 1 values/],
    ["__metadata__", tensor([1], 1), /__metadata__/],
    ["a\n", tensor([1], 1), /visible/],
  ])("rejects tensor %j if it could not be read back", (name, value, message) => {
    expect(() => writeSafetensors(new Map([[name, value]]), {}, "F32")).toThrow(message);
  });

  it("written files are read back: names, shapes, values, formats, metadata", () => {
    const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).filter((s) => {
      return !/\p{C}/u.test(s) && s !== "__metadata__";
    });
    const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
    const tensors = fc
      .dictionary(
        name,
        shape.chain((sizes) => {
          const length = sizes.reduce((a, b) => a * b, 1);
          // Multiples of 1/64 up to 4: exact in every format.
          const value = fc.integer({ min: -255, max: 255 }).map((n) => n / 64);
          const values = fc.array(value, { minLength: length, maxLength: length });
          return values.map((list) => ({ shape: sizes, data: Float32Array.from(list) }));
        }),
        { noNullPrototype: true },
      )
      .map((record) => new Map(Object.entries(record)));
    const metadata = fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true });
    const dtype = fc.constantFrom<Dtype>("F32", "F16", "BF16");
    fc.assert(
      fc.property(tensors, metadata, dtype, (weights, fields, format) => {
        const read = readSafetensors(writeSafetensors(weights, fields, format));
        const sorted = (map: ReadonlyMap<string, unknown>) =>
          [...map].sort(([a], [b]) => (a < b ? -1 : 1));
        expect(sorted(read.tensors)).toEqual(sorted(weights));
        expect([...read.dtypes.values()].every((found) => found === format)).toBe(true);
        expect(Object.entries(read.metadata).sort()).toEqual(Object.entries(fields).sort());
      }),
    );
  });
});
