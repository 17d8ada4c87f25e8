/** Tests reading the format before PyTorch 1.6: what torch.save wrote is read, anything else rejected in one line. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WeightsError } from "../../../src/errors.ts";
import { buildNet } from "../../../src/model/nets/build-net.ts";
import { isPth, readPth } from "../../../src/model/weights/pth.ts";
import {
  concat,
  type LegacyParts,
  legacyStorage,
  makeLegacy,
  pickle,
  pickledDict,
  pickledTensor,
  type TorchTensor,
} from "../../helpers/torch-file.ts";

const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../fixtures/restorers/${name}`, import.meta.url)));
const mimoUnet = fixture("mimounet.legacy.pkl");
const mprNet = fixture("mprnet.legacy.pth");

const tensor = (rest: Partial<TorchTensor> = {}) =>
  pickledTensor({
    ...{ storage: "FloatStorage", key: "0", count: 6, sizes: [2, 3], strides: [3, 1] },
    ...rest,
  });
const body = pickledDict({ a: tensor() });
const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const six = legacyStorage(6, floats(1, 2, 3, 4, 5, 6));

/** The file's tensors; undefined if it is rejected, with one line. Any other error is rethrown. */
function readOrReject(bytes: Uint8Array) {
  try {
    return readPth(bytes).tensors;
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    expect(error.message).not.toMatch(/\n/);
    return undefined;
  }
}

describe("files written before PyTorch 1.6", () => {
  it("are read with an optimiser and a schedule beside the weights, as MIMO-UNet's", () => {
    const { tensors, metadata } = readPth(mimoUnet);
    const { config } = buildNet({ tensors, metadata }, "global");
    expect(config).toMatchObject({ restorer: "mimo-unet", width: 2, encoderBlocks: [1, 1, 1] });
  });

  it("are read with module. before names and one factor under many, as MPRNet's", () => {
    const { tensors, metadata, dtypes } = readPth(mprNet);
    const { config } = buildNet({ tensors, metadata }, "global");
    const mprnet = { growth: 2, extraWidth: 4, groupBlocks: 2, reduction: 2 };
    expect(config).toMatchObject({ restorer: "mprnet", width: 4, mprnet });
    const factors = [...tensors].filter(([name]) => name.endsWith("body.1.weight"));
    expect(factors.filter(([, { data }]) => data[0] === Math.fround(0.3)).length).toBeGreaterThan(
      20,
    );
    expect(new Set(dtypes.values())).toEqual(new Set(["F32"]));
  });

  it("hold the values in any order of storages, and views of one", () => {
    const second = tensor({ key: "1", count: 2, sizes: [2], strides: [1] });
    const turned = tensor({ sizes: [3, 2], strides: [1, 3] });
    const file = makeLegacy({
      body: pickledDict({ params: pickledDict({ a: tensor(), b: second, c: turned }) }),
      keys: ["1", "0"],
      storages: concat(legacyStorage(2, floats(7, 8)), six),
    });
    const { tensors } = readPth(file);
    expect(isPth(file)).toBe(true);
    expect([...tensors].map(([name, { shape, data }]) => [name, shape, [...data]])).toEqual([
      ["a", [2, 3], [1, 2, 3, 4, 5, 6]],
      ["b", [2], [7, 8]],
      ["c", [3, 2], [1, 4, 2, 5, 3, 6]],
    ]);
  });

  const p = pickle;
  const nested = concat(...Array.from({ length: 100_000 }, () => p.emptyTuple));
  const call = concat(p.global("os", "system"), p.mark, p.text("exit 1"), p.tuple, p.reduce);
  const bad = (parts: Partial<LegacyParts>) => makeLegacy({ body, ...parts });
  it.each<[string, Uint8Array, RegExp]>([
    ["another pickle", concat(p.proto, p.emptyDict, p.stop), /but found another pickle; no code/],
    ["another magic number", bad({ magic: Uint8Array.of(0x8a, 1, 1) }), /another pickle/],
    ["another protocol", bad({ protocol: Uint8Array.of(0x4d, 0xea, 3) }), /1001 but found 1002/],
    ["a text for the protocol", bad({ protocol: p.text("x") }), /1001 but found no number/],
    ["no byte order", bad({ facts: p.emptyDict }), /byte order little/],
    ["a list for facts", bad({ facts: Uint8Array.of(0x5d) }), /byte order little/],
    ["a storage among the facts", bad({ facts: tensor() }), /its pickle refers to/],
    ["a persistent id among the facts", bad({ facts: concat(p.none, p.persid) }), /wrong place/],
    ["code in the object", bad({ body: call }), /refers to "os\.system".*no code was executed/],
    ["code in the protocol", bad({ protocol: call }), /refers to "os\.system"/],
    [
      "no dict",
      bad({ body: concat(Uint8Array.of(0x5d)), keys: [], storages: new Uint8Array() }),
      /expected a dict/,
    ],
    ["a key that is not described", bad({ keys: ["1"] }), /a storage is not described/],
    ["a key twice", bad({ keys: ["0", "0"] }), /expected 1 storages but found 2/],
    ["no keys", bad({ keys: [] }), /expected 1 storages but found 0/],
    [
      "another number of values",
      bad({ storages: legacyStorage(7, floats(...Array(7).fill(1))) }),
      /expected 6 values .* but found 7/,
    ],
    [
      "a negative number of values",
      bad({ storages: legacyStorage(-1, floats()) }),
      /but found 18446744073709551615/,
    ],
    ["a storage that is too short", bad({ storages: six.subarray(0, 31) }), /"0" is truncated/],
    ["no storage", bad({ storages: new Uint8Array(7) }), /"0" is truncated/],
    ["data after the last storage", bad({ storages: concat(six, floats(1)) }), /unused data/],
    [
      "a storage of 2^53 values",
      bad({
        body: pickledDict({ a: tensor({ count: 2 ** 53 - 1 }) }),
        storages: legacyStorage(2 ** 53 - 1, floats()),
      }),
      /truncated/,
    ],
    [
      "two sizes of a storage",
      bad({ body: pickledDict({ a: tensor(), b: tensor({ count: 7 }) }) }),
      /in two ways/,
    ],
    [
      "two types of a storage",
      bad({ body: pickledDict({ a: tensor(), b: tensor({ storage: "HalfStorage" }) }) }),
      /in two ways/,
    ],
    [
      "a shape beyond the storage",
      bad({ body: pickledDict({ a: tensor({ sizes: [7], strides: [1] }) }) }),
      /does not fit its storage/,
    ],
    [
      "deeply nested values",
      bad({
        protocol: concat(nested, ...Array.from({ length: 99_999 }, () => Uint8Array.of(0x86))),
      }),
      /found no number/,
    ],
  ])("are rejected with %s", (_, file, message) => {
    expect(() => readPth(file)).toThrow(WeightsError);
    expect(() => readPth(file)).toThrow(message);
    expect(() => readPth(file)).toThrow(/^[^\n]*$/);
  });

  it("are rejected if truncated anywhere", () => {
    const file = bad({});
    for (let end = 0; end < file.length; end++) {
      expect(readOrReject(file.subarray(0, end))).toBeUndefined();
    }
    const anywhere = fc.nat({ max: mimoUnet.length - 1 });
    fc.assert(
      fc.property(anywhere, (end) => readOrReject(mimoUnet.subarray(0, end)) === undefined),
      { numRuns: 50 },
    );
  });

  it("fail only with a WeightsError, and allocate in proportion to the file, whatever was changed", () => {
    const small = makeLegacy({
      body: pickledDict({
        a: tensor(),
        b: tensor({ sizes: [3, 2], strides: [1, 3] }),
        c: tensor({ key: "1", storage: "HalfStorage", count: 4, sizes: [4], strides: [1] }),
      }),
      keys: ["0", "1"],
      storages: concat(six, legacyStorage(4, new Uint8Array(8))),
    });
    const ends = { read: 0, rejected: 0 };
    const check = (file: Uint8Array) => {
      const tensors = readOrReject(file);
      ends[tensors ? "read" : "rejected"]++;
      const buffers = new Set([...(tensors?.values() ?? [])].map(({ data }) => data.buffer));
      buffers.delete(file.buffer);
      const allocated = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
      expect(allocated).toBeLessThanOrEqual(2 * file.length);
    };
    for (let at = 0; at < small.length; at++) {
      for (const bits of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        const changed = small.slice();
        changed[at] = (changed[at] as number) ^ bits;
        check(changed);
      }
    }
    for (const whole of [mimoUnet, mprNet]) {
      const change = fc.tuple(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }));
      const cut = fc.tuple(fc.nat({ max: whole.length }), fc.nat({ max: whole.length }));
      fc.assert(
        fc.property(fc.array(change, { maxLength: 4 }), fc.option(cut), (changes, removed) => {
          const changed = whole.slice();
          for (const [at, bits] of changes) changed[at] = (changed[at] as number) ^ bits;
          const [from, to] = removed ?? [0, 0];
          check(
            concat(changed.subarray(0, Math.min(from, to)), changed.subarray(Math.max(from, to))),
          );
        }),
        { numRuns: 150 },
      );
    }
    expect(ends.read).toBeGreaterThan(100);
    expect(ends.rejected).toBeGreaterThan(500);
  });
});
