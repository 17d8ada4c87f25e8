import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WeightsError } from "../../../src/errors.ts";
import { isPth, readPth } from "../../../src/model/weights/pth.ts";
import { readSafetensors } from "../../../src/model/weights/safetensors.ts";
import { readZip } from "../../../src/model/weights/zip.ts";
import {
  concat,
  makePth,
  makeZip,
  pickle,
  pickledDict,
  pickledTensor,
  type TorchTensor,
} from "../../helpers/torch-file.ts";

const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url)));
const micro = fixture("ufpnet-micro-k7.pth");

const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const six = floats(1, 2, 3, 4, 5, 6);

/** A tensor of storage 0, six float32 by default. */
const tensor = (
  sizes: readonly number[],
  strides: readonly number[],
  rest?: Partial<TorchTensor>,
) => pickledTensor({ storage: "FloatStorage", key: "0", count: 6, sizes, strides, ...rest });

/** The tensors of a file as plain values. */
function tensorsIn(bytes: Uint8Array): Record<string, unknown> {
  return Object.fromEntries(
    [...readPth(bytes).tensors].map(([name, t]) => [name, { shape: t.shape, data: [...t.data] }]),
  );
}

/** The result of `read`; undefined after a WeightsError. Any other error is rethrown. */
function orRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof WeightsError) return undefined;
    throw error;
  }
}

describe("reading PyTorch files", () => {
  it("returns what torch.save stored, bit for bit: the same net as safetensors", () => {
    const expected = readSafetensors(fixture("ufpnet-micro-k7.weights.safetensors")).tensors;
    const { tensors, dtypes } = readPth(micro);
    expect([...tensors.keys()].sort()).toEqual([...expected.keys()].sort());
    expect(new Set(dtypes.values())).toEqual(new Set(["F32"]));
    const raw = (data: Float32Array) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    for (const [name, { shape, data }] of expected) {
      const found = tensors.get(name);
      expect(found?.shape).toEqual(shape);
      expect(raw(found?.data ?? new Float32Array()).equals(raw(data))).toBe(true);
    }
  });

  const dict = pickledDict({ "module.a.weight": tensor([2, 3], [3, 1]) });
  const read = { "a.weight": { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] } };
  const none = pickledDict({ epoch: pickle.integer(3) });
  it.each<[string, Uint8Array]>([
    ["bare", dict],
    ["under params_ema, before params", pickledDict({ params: none, params_ema: dict })],
    ["under params", pickledDict({ params: dict, iter: pickle.integer(9) })],
    ["under state_dict", pickledDict({ epoch: pickle.none, state_dict: dict })],
    ["under model", pickledDict({ model: dict })],
    ["in a plain dict", concat(pickle.emptyDict, pickle.text("params"), dict, pickle.setItem)],
    ["with version numbers for state", concat(dict, pickle.emptyDict, pickle.build)],
  ])("finds the state dict %s", (_, body) => {
    expect(tensorsIn(makePth(body, { 0: six }))).toEqual(read);
  });

  it("reads zip64 archives too", () => {
    expect(tensorsIn(makePth(dict, { 0: six }, { zip64: true }))).toEqual(read);
  });

  it.each<[string, Uint8Array, number[], number[]]>([
    ["a parameter", tensor([6], [1], { parameter: true }), [6], [1, 2, 3, 4, 5, 6]],
    ["a part of a storage", tensor([2], [1], { offset: 3 }), [2], [4, 5]],
    ["a scalar", tensor([], [], { offset: 5 }), [], [6]],
    ["a tensor without values", tensor([0, 3], [3, 1]), [0, 3], []],
    ["a transposed matrix", tensor([3, 2], [1, 3]), [3, 2], [1, 4, 2, 5, 3, 6]],
    ["every other value", tensor([2], [2], { offset: 1 }), [2], [2, 4]],
    ["odd strides of sizes 1", tensor([1, 2, 1], [77, 1, 99]), [1, 2, 1], [1, 2]],
    ["channels last", tensor([1, 3, 1, 2], [6, 1, 6, 3]), [1, 3, 1, 2], [1, 4, 2, 5, 3, 6]],
  ])("returns %s in row-major order", (_, body, shape, data) => {
    expect(tensorsIn(makePth(pickledDict({ a: body }), { 0: six }))).toEqual({
      a: { shape, data },
    });
  });

  it("shares a storage between tensors without copying it", () => {
    const body = pickledDict({
      a: tensor([6], [1]),
      b: tensor([2], [1], { offset: 4 }),
      c: tensor([1, 2, 1], [77, 1, 99]),
    });
    const { tensors } = readPth(makePth(body, { 0: six }));
    expect([...(tensors.get("b")?.data ?? [])]).toEqual([5, 6]);
    expect(new Set([...tensors.values()].map(({ data }) => data.buffer)).size).toBe(1);
  });

  it("widens halves and bfloats, and omits integers", () => {
    const of = (storage: string, key: string) =>
      pickledTensor({ storage, key, count: 2, sizes: [2], strides: [1] });
    const body = pickledDict({
      half: of("HalfStorage", "1"),
      brain: of("BFloat16Storage", "2"),
      num_batches_tracked: of("LongStorage", "3"),
    });
    const file = makePth(body, {
      1: Uint8Array.of(0, 0x3c, 0, 0xc0),
      2: Uint8Array.of(0x80, 0x3f, 0x49, 0x40),
      3: new Uint8Array(16),
    });
    expect(tensorsIn(file)).toEqual({
      half: { shape: [2], data: [1, -2] },
      brain: { shape: [2], data: [1, 3.140625] },
    });
    expect([...readPth(file).dtypes.values()]).toEqual(["F16", "BF16"]);
  });

  const a = (...args: Parameters<typeof tensor>) => pickledDict({ a: tensor(...args) });
  const expanded = 2 ** 30;
  it.each<[string, Uint8Array, RegExp]>([
    ["a list", concat(Uint8Array.of(0x5d)), /expected a dict/],
    ["a dict without tensors", none, /expected tensors under params_ema.* but found "epoch"/],
    ["an empty dict", pickle.emptyDict, /found nothing/],
    [
      "a value that is not a tensor",
      pickledDict({ params: none }),
      /expected epoch to be a tensor/,
    ],
    [
      "a name twice",
      pickledDict({ a: tensor([6], [1]), "module.a": tensor([6], [1]) }),
      /contains a twice/,
    ],
    ["an invalid name", pickledDict({ "a\n": tensor([6], [1]) }), /visible characters/],
    ["doubles", a([6], [1], { storage: "DoubleStorage" }), /"torch\.DoubleStorage"/],
    ["a storage that is missing", a([6], [1], { key: "../0" }), /storage "\.\.\/0" is missing/],
    ["a storage of another size", a([6], [1], { count: 7 }), /expected 28 bytes .* found 24/],
    ["a storage of 2^60 values", a([6], [1], { count: 2 ** 60 }), /found 24/],
    ["a shape beyond the storage", a([7], [1]), /a: \[7\] does not fit/],
    ["an offset beyond the storage", a([6], [1], { offset: 1 }), /does not fit/],
    ["strides beyond the storage", a([2, 2], [5, 1]), /does not fit/],
    ["a tensor expanded from one value", a([expanded], [0]), /does not fit/],
    ["sizes whose product is no number", a([2 ** 52, 2 ** 52, 2 ** 52], [0, 0, 0]), /does not fit/],
    ["sizes and strides of two lengths", a([6], [1, 1]), /as many strides/],
    ["nine sizes", a([1, 1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1, 1, 1]), /at most 8/],
    ["negative sizes", a([-1], [1]), /to be sizes/],
  ])("rejects %s", (_, body, message) => {
    const file = makePth(body, { 0: six });
    expect(() => readPth(file)).toThrow(WeightsError);
    expect(() => readPth(file)).toThrow(message);
  });

  it("rejects many copies of one storage", () => {
    const turned = tensor([3, 2], [1, 3]);
    const many = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`t${i}`, turned]));
    const few = { 0: six };
    expect(Object.keys(tensorsIn(makePth(pickledDict(many), few)))).toHaveLength(2000);
    // The same through one memo: a file hardly larger than its storage.
    const p = pickle;
    const memo = (i: number) => Uint8Array.of(0x68, i);
    const names = Array.from({ length: 200 }, (_, i) => concat(p.text(`t${i}`), memo(0)));
    const values = 4096;
    const large = tensor([64, 64], [1, 64], { count: values });
    const put = concat(p.text("t"), large, Uint8Array.of(0x71, 0));
    const body = concat(p.emptyDict, p.mark, put, ...names, p.setItems);
    const file = makePth(body, { 0: new Uint8Array(4 * values) });
    expect(() => readPth(file)).toThrow(/too many tensors share/);
  });

  it.each(["posix.system", "os.system", "builtins.eval", "subprocess.Popen"])(
    "rejects %s by name and executes nothing, at any position",
    (name) => {
      const [module = "", word = ""] = name.split(".");
      const p = pickle;
      const call = concat(p.global(module, word), p.mark, p.text("exit 1"), p.tuple, p.reduce);
      for (const body of [
        call,
        pickledDict({ params: dict, extra: call }),
        pickledDict({ params: pickledDict({ a: call }) }),
        concat(dict, call, p.build),
      ]) {
        expect(() => readPth(makePth(body, { 0: six }))).toThrow(`its pickle refers to "${name}"`);
      }
    },
  );

  it("distinguishes PyTorch files from safetensors whose length looks like a magic number", () => {
    const safetensors = (length: number) => {
      const bytes = new Uint8Array(16).fill(0x7b, 8);
      new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
      return bytes;
    };
    expect(isPth(micro)).toBe(true);
    expect(isPth(safetensors(0x4b50))).toBe(false);
    expect(isPth(safetensors(0x10280))).toBe(false);
    expect(isPth(new Uint8Array())).toBe(false);
  });

  it("rejects two pickles, none, and the other byte order", () => {
    const one = concat(pickle.proto, dict, pickle.stop);
    expect(() =>
      readPth(
        makeZip([
          ["a/data.pkl", one],
          ["b/data.pkl", one],
        ]),
      ),
    ).toThrow(/found 2/);
    expect(() => readPth(makeZip([["a/b/data.pkl", one]]))).toThrow(/found 0/);
    const big = new TextEncoder().encode("big");
    const file = makeZip([
      ["a/data.pkl", one],
      ["a/byteorder", big],
      ["a/data/0", six],
    ]);
    expect(() => readPth(file)).toThrow(/expected byte order little/);
  });

  it("reads a truncated or damaged file correctly, or rejects it", () => {
    const file = makePth(pickledDict({ params: dict }), { 0: six });
    const expected = tensorsIn(file);
    for (let end = 0; end < file.length; end++) {
      expect(orRefused(() => tensorsIn(file.subarray(0, end)))).toBe(undefined);
    }
    let refused = 0;
    for (let at = 0; at < file.length; at++) {
      for (const bits of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        const changed = file.slice();
        changed[at] = (changed[at] as number) ^ bits;
        const found = orRefused(() => tensorsIn(changed));
        if (found === undefined) refused++;
        else expect(found).toEqual(expected);
      }
    }
    expect(refused).toBeGreaterThan(6 * file.length);
  });

  it("rejects the fixture truncated anywhere in its header or directory", () => {
    const cuts = [
      ...Array.from({ length: 300 }, (_, i) => i),
      ...Array.from({ length: 1000 }, (_, i) => micro.length - 1 - i),
    ];
    for (const end of cuts)
      expect(orRefused(() => tensorsIn(micro.subarray(0, end)))).toBe(undefined);
    const anywhere = fc.integer({ min: 0, max: micro.length - 1 });
    fc.assert(
      fc.property(
        anywhere,
        (end) => orRefused(() => tensorsIn(micro.subarray(0, end))) === undefined,
      ),
      { numRuns: 50 },
    );
  });

  it("fails only with a WeightsError, whatever the pickle contains", () => {
    const records = [...readZip(micro)].filter(([name]) => !name.endsWith("/version"));
    const [[name, whole] = ["", new Uint8Array()], ...storages] = records;
    expect(name).toMatch(/data\.pkl$/);
    const change = fc.tuple(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }));
    const ends = { read: 0, refused: 0 };
    const end = (read: () => unknown) => {
      ends[orRefused(read) === undefined ? "refused" : "read"]++;
    };
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const changed = whole.slice();
        for (const [at, bits] of changes) changed[at] = (changed[at] as number) ^ bits;
        // With new CRCs, so that the pickle is reached.
        end(() => readPth(makeZip([[name, changed], ...storages])));
      }),
      { numRuns: 240 },
    );
    // Most of its bytes are names of tensors.
    expect(ends.read).toBeGreaterThan(5);
    expect(ends.refused).toBeGreaterThan(5);
    const small = concat(pickle.proto, pickledDict({ params: dict }), pickle.stop);
    for (let at = 0; at < small.length; at++) {
      for (let byte = 0; byte < 256; byte += 11) {
        const changed = small.slice();
        changed[at] = byte;
        end(() =>
          tensorsIn(
            makeZip([
              ["a/data.pkl", changed],
              ["a/data/0", six],
            ]),
          ),
        );
      }
    }
    expect(ends.read).toBeGreaterThan(small.length / 2);
    expect(ends.refused).toBeGreaterThan(small.length);
  });
});
