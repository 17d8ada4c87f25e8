import { expect, test } from "vitest";
import { readSoundDirectories } from "../../../../../src/io/formats/tiff/read/read-directories.ts";
import type { Bytes } from "../../../../../src/io/system/bytes.ts";

/** In memory; says how much was asked for at most at once. */
function memory(data: Uint8Array): Bytes & { largest: number } {
  return {
    size: data.length,
    version: "",
    largest: 0,
    async read(offset, length) {
      this.largest = Math.max(this.largest, length);
      return data.slice(offset, offset + length) as Uint8Array<ArrayBuffer>;
    },
    async close() {},
  };
}

interface Entry {
  readonly type: number;
  readonly count: number;
  readonly value: number;
}

/** A little-endian TIFF: directories one after the other, each with a link. */
function tiff(directories: readonly { entries: readonly Entry[]; next: number }[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4096));
  view.setUint32(0, 0x002a4949, true);
  view.setUint32(4, 8, true);
  let at = 8;
  for (const { entries, next } of directories) {
    view.setUint16(at, entries.length, true);
    at += 2;
    for (const [i, { type, count, value }] of entries.entries()) {
      view.setUint16(at, 256 + i, true);
      view.setUint16(at + 2, type, true);
      view.setUint32(at + 4, count, true);
      view.setUint32(at + 8, value, true);
      at += 12;
    }
    view.setUint32(at, next, true);
    at += 4;
  }
  return new Uint8Array(view.buffer);
}

/** A BigTIFF whose one directory claims this many entries. */
function bigTiff(entries: bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(4096));
  view.setUint32(0, 0x002b4949, true);
  view.setUint16(4, 8, true);
  view.setBigUint64(8, 16n, true);
  view.setBigUint64(16, entries, true);
  return new Uint8Array(view.buffer);
}

const one = { type: 4, count: 1, value: 7 };

const countOf = async (data: Uint8Array) =>
  (await readSoundDirectories(memory(data))).directories.length;

test("reads directories that follow each other", async () => {
  const entries = [one, { type: 5, count: 2, value: 100 }];
  const two = tiff([
    { entries, next: 8 + 2 + 24 + 4 },
    { entries: [one], next: 0 },
  ]);
  expect(await countOf(two)).toBe(2);
  expect(await countOf(bigTiff(0n))).toBe(1);
});

test("a chain without end is followed only so far", async () => {
  const size = 2 + 4;
  const chain = Array.from({ length: 600 }, (_, i) => ({ entries: [], next: 8 + (i + 1) * size }));
  expect(await countOf(tiff(chain))).toBe(128);
});

const hostile: [string, Uint8Array, string][] = [
  ["no TIFF", new TextEncoder().encode("not a TIFF at all"), "it is no TIFF"],
  ["an empty file", new Uint8Array(), "it is no TIFF"],
  ["a loop", tiff([{ entries: [one], next: 8 }]), "its directories form a loop"],
  ["no directory", Uint8Array.of(0x49, 0x49, 42, 0, 0, 0, 0, 0, 0), "it has no directory"],
  ["a million tags", bigTiff(1_000_000n), "a directory has 1000000 entries"],
  ["2⁶³ tags", bigTiff(2n ** 63n), "a directory has 9223372036854776000 entries"],
  [
    "a directory past the end",
    tiff([{ entries: [one], next: 2 ** 31 }]),
    "a directory reaches past the end of the file",
  ],
  [
    "a value past the end",
    tiff([{ entries: [{ type: 4, count: 10, value: 4080 }], next: 0 }]),
    "an entry points past the end of the file",
  ],
  [
    "a value of 16 GB",
    tiff([{ entries: [{ type: 12, count: 2 ** 31, value: 8 }], next: 0 }]),
    "an entry points past the end of the file",
  ],
  [
    "a type that is none",
    tiff([{ entries: [{ type: 99, count: 1, value: 8 }], next: 0 }]),
    "an entry has the type 99, which is none",
  ],
  [
    "many entries that share one large value",
    tiff([{ entries: Array(9).fill({ type: 1, count: 4000, value: 8 }), next: 0 }]),
    "its entries hold more bytes than the file",
  ],
];

test.each(hostile)("%s is refused without reading more than the file", async (_, data, message) => {
  const bytes = memory(data);
  await expect(readSoundDirectories(bytes)).rejects.toThrow(message);
  expect(bytes.largest).toBeLessThan(50_000);
});
