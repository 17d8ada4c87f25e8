import fc from "fast-check";
import { expect, test } from "vitest";
import { storedHeaderBytes } from "../../../src/io/store/stored-layout.ts";
import {
  readTileHeader,
  type TileHeader,
  writeTileHeader,
} from "../../../src/io/store/tile-header.ts";
import { indexOf, tileFile, tileGroup } from "../../../src/io/store/tile-names.ts";

const sixteenBytes = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString("hex"));
const number = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const headers: fc.Arbitrary<TileHeader> = fc.record({
  ...{ identity: sixteenBytes, engine: sixteenBytes, index: number, checksum: number },
  byteLength: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  ...{ masked: fc.boolean(), copied: fc.boolean(), flat: fc.boolean(), sharp: fc.boolean() },
});

const written = (header: TileHeader, length = storedHeaderBytes): Buffer => {
  const file = Buffer.alloc(length);
  writeTileHeader(file, header);
  return file;
};

test("any header is read as it was written, whatever follows it", () => {
  fc.assert(
    fc.property(headers, fc.nat(99), (header, rest) => {
      expect(readTileHeader(written(header, storedHeaderBytes + rest))).toEqual(header);
    }),
  );
});

test("with any bit of it changed, or cut anywhere, it is none", () => {
  fc.assert(
    fc.property(
      headers,
      fc.nat(8 * storedHeaderBytes - 1),
      fc.nat(storedHeaderBytes - 1),
      (header, bit, cut) => {
        const file = written(header);
        expect(readTileHeader(file.subarray(0, cut))).toBeUndefined();
        file.writeUInt8(file.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(readTileHeader(file)).toBeUndefined();
      },
    ),
  );
});

test("any other bytes are none", () => {
  const start = fc.constantFrom("", "RXDTILE1");
  fc.assert(
    fc.property(
      start,
      fc.uint8Array({ maxLength: 2 * storedHeaderBytes, size: "max" }),
      (magic, bytes) => {
        expect(readTileHeader(Buffer.concat([Buffer.from(magic), bytes]))).toBeUndefined();
      },
    ),
  );
});

test("each tile has a name of its own, by which it is found", () => {
  fc.assert(
    fc.property(fc.nat(1e9), fc.string(), (index, name) => {
      const group = tileGroup("", index);
      expect(indexOf(group, tileFile("", index).slice(group.length + 1))).toBe(index);
      // Of files with other names none is a tile's.
      const found = indexOf(group, name);
      expect(found === undefined || tileFile("", found).endsWith(`/${name}`)).toBe(true);
    }),
  );
});
