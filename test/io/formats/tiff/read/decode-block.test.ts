import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { decodeBlock } from "../../../../../src/io/formats/tiff/read/decode-block.ts";
import type { Layout } from "../../../../../src/io/formats/tiff/read/layout.ts";

const [lzw, deflate, packBits, lerc, zstd, webp, jpeg] = [5, 8, 32773, 34887, 50000, 50001, 7];

/** One strip of 100×100 grey bytes. */
function layout(compression: number, change: Partial<Layout> = {}): Layout {
  return {
    width: 100,
    height: 100,
    bands: 1,
    bits: 8,
    sampleType: "uint8",
    littleEndian: true,
    planar: false,
    compression,
    predictor: 1,
    photometric: 1,
    blockWidth: 100,
    blockHeight: 100,
    across: 1,
    down: 1,
    tiled: false,
    offsets: [0],
    byteCounts: [0],
    jpegTables: undefined,
    chromaSubsampling: [],
    lercParameters: [],
    ...change,
  };
}

/** An LZW stream that says "all of that once more" with each code: 8 bytes in 3 kB become gigabytes. */
const repeats = (() => {
  const bits: string[] = [];
  for (let round = 0; round < 20; round++) {
    bits.push("100000000", "000000000");
    for (let code = 258, size = 9; code < 4093; code++) {
      if (code >= 2 ** size - 1 && size < 12) size++;
      bits.push(code.toString(2).padStart(size, "0"));
    }
  }
  const bytes = bits.join("").match(/.{8}/g) ?? [];
  return Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 2));
})();

/** A Zstandard frame without a size, of blocks that each repeat one byte 2¹⁷ times. */
const repeated = (() => {
  const block = [2, 0, 0x10, 0];
  const blocks = Array.from({ length: 3000 }, () => block).flat();
  return Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x58, ...blocks, 1, 0, 0]);
})();

const header = (bytes: number[], text = "") =>
  Uint8Array.from([...new TextEncoder().encode(text), ...bytes, ...new Array(100).fill(0)]);

describe("a block that would become more than it should becomes no more, or is refused", () => {
  test.each<[string, number, Uint8Array]>([
    ["deflate", deflate, deflateSync(new Uint8Array(1e6))],
    ["LZW", lzw, repeats],
    ["PackBits", packBits, new Uint8Array(2e5).fill(0x81)],
    ["Zstandard", zstd, repeated],
    [
      "Zstandard that claims 8 GB",
      zstd,
      header([0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 2, 0, 0, 0]),
    ],
    [
      "LERC of 60000×60000",
      lerc,
      header([4, 0, 0, 0, 0, 0, 0, 0, 96, 234, 0, 0, 96, 234], "Lerc2 "),
    ],
  ])("%s", async (_, compression, stored) => {
    const before = process.memoryUsage().rss;
    const decoding = decodeBlock(layout(compression), 0, stored as never);
    // libtiff stops where the block is full.
    const length = await decoding.then((samples) => samples.length).catch(() => "refused");
    expect(length).toBe(compression === lzw ? 10_000 : "refused");
    expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
  });
});

test.each([
  ["deflate", deflate, deflateSync(new Uint8Array(9999))],
  ["none", 1, new Uint8Array(9999)],
])("a block of %s that holds too little is refused", async (_, compression, stored) => {
  const decoding = decodeBlock(layout(compression), 0, stored as never);
  await expect(decoding).rejects.toThrow("a block holds 9999 of 10000 bytes");
});

test.each([
  ["JPEG", jpeg],
  ["WebP", webp],
  ["LERC", lerc],
  ["Zstandard", zstd],
  ["LZW", lzw],
])("what is no %s is refused", async (_, compression) => {
  const stored = Uint8Array.from({ length: 300 }, (_, i) => (i * 37) % 256);
  await expect(decodeBlock(layout(compression), 0, stored)).rejects.toThrow();
});

test("JPEG of five samples is refused in words", async () => {
  const decoding = decodeBlock(layout(jpeg, { bands: 5 }), 0, new Uint8Array(10));
  await expect(decoding).rejects.toThrow("expected JPEG blocks of 1, 3 or 4 samples");
});
