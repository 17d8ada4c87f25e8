/**
 * Reads the format that torch.save wrote before PyTorch 1.6: five pickles in a row (magic number, protocol, facts of
 * the machine, the object, keys of its storages), then each storage: the number of its values, and the values. Every
 * size is checked against the file; storages share its memory.
 */
import { WeightsError } from "../../errors.ts";
import { printable } from "./names.ts";
import { type Known, type PickleValue, readPickleAt, type Vocabulary } from "./pickle.ts";
import { createStorages, type StorageBytes, type Storages } from "./torch.ts";

/** The pickle of the magic number 0x1950a86a20f9469cfc6c. */
const magic = Uint8Array.of(
  ...[0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e],
);
const protocol = 1001;

/** A storage as the object's pickle describes it. */
interface Described extends StorageBytes {
  readonly count: number;
  /** Bytes of a value. */
  readonly each: number;
}

/**
 * The object that was stored, and its storages.
 * @throws WeightsError with the problem
 */
export function readLegacy(
  bytes: Uint8Array,
  globals: ReadonlyMap<string, Known>,
): { value: PickleValue; storages: Storages } {
  if (!magic.every((byte, i) => bytes[i] === byte)) {
    throw new WeightsError(
      "PyTorch file: expected a file of torch.save but found another pickle; no code was executed",
    );
  }
  let at = magic.length;
  const next = (vocabulary: Vocabulary): PickleValue => {
    const { value, end } = readPickleAt(bytes, at, vocabulary);
    at = end;
    return value;
  };
  const found = next(plain);
  if (found !== protocol) {
    const other = typeof found === "number" ? found : "no number";
    throw broken(`expected protocol ${protocol} but found ${other}`);
  }
  const facts = next(plain);
  if (!(facts instanceof Map) || facts.get("little_endian") !== true) {
    throw broken("expected byte order little");
  }
  const described = new Map<string, Described>();
  const storages = createStorages(bytes.length, (key, count, each) => {
    const known = described.get(key) ?? { count, each, bytes: new Uint8Array() };
    if (!Number.isSafeInteger(count) || known.count !== count || known.each !== each) {
      throw broken(`storage ${printable(key)} is described in two ways`);
    }
    described.set(key, known);
    return known;
  });
  const value = next({ globals, persistent: storages.find });
  const keys = next(plain);
  if (readStorages(bytes, at, keys, described) !== bytes.length)
    throw broken("unused data remains at its end");
  return { value, storages };
}

/** Numbers, texts, lists and dicts only. */
const plain: Vocabulary = {
  globals: new Map(),
  persistent() {
    throw broken("a storage is described in the wrong place");
  },
};

/** Sets the bytes of each storage, in the order of `keys`. @returns where they end */
function readStorages(
  bytes: Uint8Array,
  begin: number,
  keys: PickleValue,
  described: ReadonlyMap<string, Described>,
): number {
  const list: readonly unknown[] = Array.isArray(keys) ? keys : [];
  if (list.length !== described.size || new Set(list).size !== list.length) {
    throw broken(`expected ${described.size} storages but found ${list.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = begin;
  for (const key of list) {
    const storage = typeof key === "string" ? described.get(key) : undefined;
    if (typeof key !== "string" || !storage) throw broken("a storage is not described");
    const name = printable(key);
    if (at + 8 > bytes.length) throw broken(`storage ${name} is truncated`);
    const count = view.getBigUint64(at, true);
    if (count !== BigInt(storage.count)) {
      throw broken(`expected ${storage.count} values in storage ${name} but found ${count}`);
    }
    const end = at + 8 + storage.count * storage.each;
    if (end > bytes.length) throw broken(`storage ${name} is truncated`);
    storage.bytes = bytes.subarray(at + 8, end);
    at = end;
  }
  return at;
}

function broken(problem: string): WeightsError {
  return new WeightsError(`PyTorch file (before 1.6): ${problem}`);
}
