import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  entryOf,
  integersOf,
  type Tiff,
  type TiffDirectory,
  type TiffEntry,
  valuesOf,
} from "../../../../../src/io/formats/tiff/directory.ts";
import { readDirectories } from "../../../../../src/io/formats/tiff/read/read-directories.ts";
import {
  fileHeader,
  headerBytes,
  layOutDirectories,
} from "../../../../../src/io/formats/tiff/write/write-directories.ts";
import { type Bytes, bytesInMemory } from "../../../../../src/io/system/bytes.ts";

const sizes: Readonly<Record<number, number>> = {
  ...{ 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8 },
  ...{ 16: 8, 17: 8 },
};

const anyEntry: fc.Arbitrary<TiffEntry> = fc
  .record({
    // Not those that point into the file, nor the lists that are left out.
    tag: fc.integer({ min: 1000, max: 30000 }),
    type: fc.constantFrom(...Object.keys(sizes).map(Number)),
    count: fc.nat(9),
  })
  .chain(({ tag, type, count }) => {
    const length = count * (sizes[type] as number);
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes) => ({ tag, type, count, bytes }));
  });

const entries = fc
  .uniqueArray(anyEntry, { selector: ({ tag }) => tag, maxLength: 12 })
  .map((list) => [...list].sort((a, b) => a.tag - b.tag));

const nested: fc.Arbitrary<TiffDirectory> = fc
  .record({ entries, below: entries, exif: fc.boolean(), gps: fc.boolean(), inner: fc.boolean() })
  .map(({ entries, below, exif, gps, inner }) => {
    const leaf = { entries: below, directories: new Map() };
    const withInner = { entries: below, directories: new Map(inner ? [[40965, leaf]] : []) };
    const list: [number, TiffDirectory][] = [
      ...(exif ? ([[34665, withInner]] as [number, TiffDirectory][]) : []),
      ...(gps ? ([[34853, leaf]] as [number, TiffDirectory][]) : []),
    ];
    return { entries, directories: new Map(list) };
  });

const anyTiff: fc.Arbitrary<Tiff> = fc.record({
  littleEndian: fc.boolean(),
  big: fc.boolean(),
  directories: fc.array(nested, { minLength: 1, maxLength: 4 }),
});

function fileOf({ directories, ...form }: Tiff): Buffer {
  const placed = { ...form, at: headerBytes(form.big) };
  return Buffer.concat([fileHeader(placed), layOutDirectories(directories, placed)]);
}

const read = (bytes: Uint8Array) => readDirectories(bytesInMemory(bytes));

/** Arrays of plain numbers, for a comparison that does not depend on whose buffer it is. */
const plain = (directory: TiffDirectory): unknown => ({
  entries: directory.entries.map(({ bytes, ...entry }) => ({ ...entry, bytes: [...bytes] })),
  directories: [...directory.directories].map(([tag, below]) => [tag, plain(below)]),
});

test("what is written is read, byte for byte, whatever the form", async () => {
  await fc.assert(
    fc.asyncProperty(anyTiff, async (tiff) => {
      const found = await read(fileOf(tiff));
      expect(found).toMatchObject({ littleEndian: tiff.littleEndian, big: tiff.big });
      expect(found?.directories.map(plain)).toEqual(tiff.directories.map(plain));
    }),
    { numRuns: 200 },
  );
});

test("numbers of every type are read in either order, text up to its end", () => {
  fc.assert(
    fc.property(anyEntry, fc.boolean(), (entry, littleEndian) => {
      const view = new DataView(new Uint8Array(entry.bytes).buffer);
      const values = valuesOf({ entries: [entry], directories: new Map() }, littleEndian);
      const read: Readonly<Record<number, readonly [number, (at: number) => number]>> = {
        1: [1, (at) => view.getUint8(at)],
        3: [2, (at) => view.getUint16(at, littleEndian)],
        4: [4, (at) => view.getUint32(at, littleEndian)],
        5: [4, (at) => view.getUint32(at, littleEndian)],
        6: [1, (at) => view.getInt8(at)],
        7: [1, (at) => view.getUint8(at)],
        8: [2, (at) => view.getInt16(at, littleEndian)],
        9: [4, (at) => view.getInt32(at, littleEndian)],
        10: [4, (at) => view.getInt32(at, littleEndian)],
        11: [4, (at) => view.getFloat32(at, littleEndian)],
        12: [8, (at) => view.getFloat64(at, littleEndian)],
        16: [8, (at) => Number(view.getBigUint64(at, littleEndian))],
        17: [8, (at) => Number(view.getBigInt64(at, littleEndian))],
      };
      const [size, at] = read[entry.type] ?? [1, () => 0];
      const length = entry.type === 2 ? 0 : view.byteLength / size;
      const expected = Array.from({ length }, (_, i) => at(i * size));
      expect(Array.from(values.numbers(entry.tag))).toEqual(expected);
      expect(values.number(entry.tag, 7)).toEqual(expected[0] ?? 7);
      expect(values.has(entry.tag)).toBe(true);
    }),
    { numRuns: 500 },
  );
  const bytes = Buffer.from("-9999\0rest", "latin1");
  const text = { tag: 42113, type: 2, count: bytes.length, bytes };
  const values = valuesOf({ entries: [text], directories: new Map() }, true);
  expect([values.text(42113), values.text(1), values.has(1)]).toEqual(["-9999", "", false]);
});

test("integers are told in either order", async () => {
  for (const littleEndian of [true, false])
    for (const type of ["byte", "short", "long", "long8"] as const) {
      const entry = entryOf(1000, type, [3, 200], littleEndian);
      const directory = { entries: [entry], directories: new Map() };
      expect(integersOf(directory, 1000, littleEndian)).toEqual([3, 200]);
    }
  const text = { tag: 1000, type: 2, count: 1, bytes: Uint8Array.of(65) };
  expect(integersOf({ entries: [text], directories: new Map() }, 1000, true)).toBeUndefined();
});

/** Counts what reading costs. */
function counted(bytes: Uint8Array): Bytes & { spent(): number } {
  const source = bytesInMemory(bytes);
  let spent = 0;
  return {
    ...source,
    async read(position, length) {
      const found = await source.read(position, length);
      spent += found.length;
      return found;
    },
    spent: () => spent,
  };
}

/** Of counts and links, which are read besides tables and values: at most 16 bytes a directory. */
const besides = 16 + 1024 * 16;

describe("a stranger's file", () => {
  test("of any bytes costs no more than its size, and ends", async () => {
    const start = fc.constantFrom(
      "II*\0\x08\0\0\0",
      "MM\0*\0\0\0\x08",
      "II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0",
      // With a number of entries that the rest may hold.
      "II*\0\x08\0\0\0\x03\0",
      "MM\0*\0\0\0\x08\0\x03",
      "II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0",
    );
    let read = 0;
    await fc.assert(
      fc.asyncProperty(
        start,
        fc.uint8Array({ maxLength: 400, size: "max" }),
        async (head, tail) => {
          const source = counted(Buffer.concat([Buffer.from(head, "latin1"), tail]));
          if ((await readDirectories(source)) !== undefined) read++;
          expect(source.spent()).toBeLessThanOrEqual(source.size + besides);
        },
      ),
      { numRuns: 2000 },
    );
    expect(read).toBeGreaterThan(100);
  });

  test("with any few bytes changed or cut off likewise", async () => {
    const change = fc.tuple(fc.nat(), fc.constantFrom(0, 1, 2, 8, 127, 128, 255));
    const changes = fc.array(change, { minLength: 1, maxLength: 8 });
    let entries = 0;
    await fc.assert(
      fc.asyncProperty(anyTiff, changes, fc.nat(), async (tiff, list, cut) => {
        const bytes = fileOf(tiff);
        for (const [place, value] of list) bytes[place % bytes.length] = value;
        const source = counted(bytes.subarray(0, bytes.length - (cut % 3) * (cut % bytes.length)));
        const found = await readDirectories(source);
        entries += found?.directories.flatMap((directory) => directory.entries).length ?? 0;
        expect(source.spent()).toBeLessThanOrEqual(source.size + besides);
      }),
      { numRuns: 1000 },
    );
    expect(entries).toBeGreaterThan(1000);
  });

  const one = (entry: TiffEntry, big = false): Buffer => {
    const directories = [{ entries: [entry], directories: new Map<number, TiffDirectory>() }];
    return fileOf({ littleEndian: true, big, directories });
  };
  const value = { tag: 1000, type: 7, count: 20, bytes: new Uint8Array(20).fill(7) };

  test("whose directory is its own successor is read once", async () => {
    const bytes = one(value);
    bytes.writeUInt32LE(8, 8 + 2 + 12);
    expect((await read(bytes))?.directories).toHaveLength(1);
  });

  test("whose Exif directory is the first one, or below itself, is read without it", async () => {
    const bytes = one({ tag: 34665, type: 4, count: 1, bytes: Uint8Array.of(8, 0, 0, 0) });
    const [directory] = (await read(bytes))?.directories ?? [];
    expect(directory && plain(directory)).toEqual({ entries: [], directories: [] });
  });

  test.each([
    { says: "2³² − 1 values", at: 8 + 2 + 4, number: 0xffff_ffff },
    { says: "values past the end", at: 8 + 2 + 8, number: 1000 },
  ])("that claims $says loses that entry", async ({ at, number }) => {
    const bytes = one(value);
    bytes.writeUInt32LE(number, at);
    const source = counted(bytes);
    expect((await readDirectories(source))?.directories[0]?.entries).toEqual([]);
    expect(source.spent()).toBeLessThan(bytes.length);
  });

  test("that claims 2⁶⁴ − 1 entries is none", async () => {
    const bytes = one(value, true);
    bytes.fill(255, 16, 24);
    expect(await read(bytes)).toBeUndefined();
  });

  test("whose entries all share one large value gives it once", async () => {
    const shared = Array.from({ length: 100 }, (_, i) => ({ ...value, tag: 1000 + i }));
    const large = new Uint8Array(5000);
    const directories = [
      {
        entries: [...shared, { tag: 2000, type: 7, count: 5000, bytes: large }],
        directories: new Map<number, TiffDirectory>(),
      },
    ];
    const bytes = fileOf({ littleEndian: true, big: false, directories });
    const target = bytes.readUInt32LE(8 + 2 + 100 * 12 + 8);
    for (let i = 0; i < 100; i++) {
      bytes.writeUInt32LE(5000, 8 + 2 + i * 12 + 4);
      bytes.writeUInt32LE(target, 8 + 2 + i * 12 + 8);
    }
    const source = counted(bytes);
    expect((await readDirectories(source))?.directories[0]?.entries.length).toBeLessThan(3);
    expect(source.spent()).toBeLessThanOrEqual(bytes.length + besides);
  });

  test("reports a file that is no TIFF", async () => {
    for (const text of ["", "II", "II*\0", "PNG and so on", "II*\0\0\0\0\0", "II*\0\xff\0\0\0"])
      expect(await read(Buffer.from(text, "latin1"))).toBeUndefined();
  });
});
