/** PyTorch files made byte by byte: the zip around (PKWARE's APPNOTE) and the pickle inside (pickletools). */
import { crc32 } from "node:zlib";

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}

const ascii = (text: string) => new TextEncoder().encode(text);

/** Little-endian integers: [bytes, value] each. */
function fields(...list: readonly (readonly [bytes: 2 | 4 | 8, value: number])[]): Uint8Array {
  return concat(
    ...list.map(([bytes, value]) => {
      const buffer = Buffer.alloc(8);
      buffer.writeBigInt64LE(BigInt.asIntN(64, BigInt(value)));
      return buffer.subarray(0, bytes);
    }),
  );
}

export interface ZipOptions {
  /** Sizes and offsets only in their 8-byte form. */
  readonly zip64?: boolean;
  readonly method?: number;
  readonly flags?: number;
}

/** A zip archive of stored records, one after the other. */
export function makeZip(
  records: readonly (readonly [name: string, data: Uint8Array])[],
  { zip64 = false, method = 0, flags = 0x800 }: ZipOptions = {},
): Uint8Array<ArrayBuffer> {
  const files: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, data] of records) {
    const title = ascii(name);
    const crc = crc32(data);
    const size = data.length;
    const common = [
      [2, 45],
      [2, flags],
      [2, method],
      [2, 0],
      [2, 0],
    ] as const;
    const local = fields([4, 0x04034b50], ...common, [4, crc], [4, size], [4, size]);
    files.push(local, fields([2, title.length], [2, 0]), title, data);
    const wide = zip64 ? fields([2, 1], [2, 24], [8, size], [8, size], [8, offset]) : ascii("");
    const narrow = (value: number) => [4, zip64 ? 0xffffffff : value] as const;
    directory.push(
      fields([4, 0x02014b50], [2, 45], ...common, [4, crc], narrow(size), narrow(size)),
      fields([2, title.length], [2, wide.length], [2, 0], [2, 0], [2, 0], [4, 0], narrow(offset)),
      title,
      wide,
    );
    offset += 30 + title.length + size;
  }
  const listed = concat(...directory);
  const count = records.length;
  const end64 = concat(
    fields([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], [8, count], [8, count]),
    fields([8, listed.length], [8, offset]),
    fields([4, 0x07064b50], [4, 0], [8, offset + listed.length], [4, 1]),
  );
  const short = zip64 ? 0xffff : count;
  const end = fields(
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, short],
    [2, short],
    [4, zip64 ? 0xffffffff : listed.length],
    [4, zip64 ? 0xffffffff : offset],
    [2, 0],
  );
  return concat(...files, listed, zip64 ? end64 : ascii(""), end);
}

/** Pickle opcodes, named as in pickletools. */
export const pickle = {
  proto: Uint8Array.of(0x80, 2),
  stop: ascii("."),
  mark: ascii("("),
  none: ascii("N"),
  reduce: ascii("R"),
  build: ascii("b"),
  persid: ascii("Q"),
  emptyDict: ascii("}"),
  emptyTuple: ascii(")"),
  setItem: ascii("s"),
  setItems: ascii("u"),
  tuple: ascii("t"),
  global: (module: string, name: string) => ascii(`c${module}\n${name}\n`),
  text: (text: string) => concat(ascii("X"), fields([4, ascii(text).length]), ascii(text)),
  /** LONG1: any size a test may claim. */
  integer: (value: number) => concat(Uint8Array.of(0x8a, 8), fields([8, value])),
  sizes: (values: readonly number[]) =>
    concat(ascii("("), ...values.map((v) => pickle.integer(v)), ascii("t")),
};

export interface TorchTensor {
  readonly storage: string;
  /** Key of the record `data/KEY`. */
  readonly key: string;
  /** Values in the storage. */
  readonly count: number;
  readonly offset?: number;
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  /** Wrapped by torch.nn.Parameter. */
  readonly parameter?: boolean;
}

/** The opcodes that rebuild a tensor. */
export function pickledTensor(tensor: TorchTensor): Uint8Array {
  const p = pickle;
  const { storage, key, count, offset = 0, sizes, strides, parameter = false } = tensor;
  const location = p.text("cpu");
  const id = [p.mark, p.text("storage"), p.global("torch", storage), p.text(key), location];
  const hooks = concat(p.global("collections", "OrderedDict"), p.emptyTuple, p.reduce);
  const rebuilt = concat(
    p.global("torch._utils", "_rebuild_tensor_v2"),
    p.mark,
    concat(...id, p.integer(count), p.tuple, p.persid),
    p.integer(offset),
    p.sizes(sizes),
    p.sizes(strides),
    Uint8Array.of(0x89),
    hooks,
    p.tuple,
    p.reduce,
  );
  if (!parameter) return rebuilt;
  const rest = concat(Uint8Array.of(0x88), hooks, p.tuple, p.reduce);
  return concat(p.global("torch._utils", "_rebuild_parameter"), p.mark, rebuilt, rest);
}

/** The opcodes of an OrderedDict of names to whatever the opcodes given build. */
export function pickledDict(items: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const p = pickle;
  const parts = Object.entries(items).flatMap(([name, value]) => [p.text(name), value]);
  const dict = concat(p.global("collections", "OrderedDict"), p.emptyTuple, p.reduce);
  return concat(dict, p.mark, ...parts, p.setItems);
}

/** A .pth file whose pickle is `body`, with records `data/KEY`. */
export function makePth(
  body: Uint8Array,
  storages: Readonly<Record<string, Uint8Array>> = {},
  options: ZipOptions = {},
): Uint8Array<ArrayBuffer> {
  const data = Object.entries(storages).map(([key, bytes]) => [`net/data/${key}`, bytes] as const);
  const whole = concat(pickle.proto, body, pickle.stop);
  return makeZip([["net/data.pkl", whole], ...data, ["net/version", ascii("3\n")]], options);
}

/** The parts of a file in the format before PyTorch 1.6, each of which a test may replace. */
export interface LegacyParts {
  readonly magic: Uint8Array;
  readonly protocol: Uint8Array;
  readonly facts: Uint8Array;
  /** The opcodes of the object. */
  readonly body: Uint8Array;
  readonly keys: readonly string[];
  readonly storages: Uint8Array;
}

/** A storage after the pickles: the number of its values, and its bytes. */
export function legacyStorage(count: number, bytes: Uint8Array): Uint8Array {
  return concat(fields([8, count]), bytes);
}

/** A file as torch.save wrote it before 1.6, by default with one storage "0" of six float32. */
export function makeLegacy(
  parts: Partial<LegacyParts> & Pick<LegacyParts, "body">,
): Uint8Array<ArrayBuffer> {
  const p = pickle;
  const whole = (body: Uint8Array) => concat(p.proto, body, p.stop);
  const {
    magic = Uint8Array.of(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19),
    protocol = Uint8Array.of(0x4d, 0xe9, 3),
    facts = concat(p.emptyDict, p.text("little_endian"), Uint8Array.of(0x88), p.setItem),
    keys = ["0"],
    storages = legacyStorage(6, new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer)),
  } = parts;
  const list = concat(ascii("]("), ...keys.map((key) => p.text(key)), ascii("e"));
  const pickles = [magic, protocol, facts, parts.body, list].map(whole);
  return concat(...pickles, storages);
}
