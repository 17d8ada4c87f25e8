import { crc32 } from "node:zlib";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { InputError } from "../../../src/errors.ts";
import { readBytes } from "../../../src/io/system/byte-reader.ts";
import { splitImages } from "../../../src/pipeline/video/split-images.ts";
import { noiseImage, seeded } from "../../operators/fakes.ts";

const shape = { width: 21, height: 13, channels: 3, bits: 8 } as const;
const noise = (seed: number) => {
  const { samples } = noiseImage(shape, seed);
  return sharp(samples as Uint8Array, { raw: { ...shape } });
};
const png = (seed = 1): Promise<Buffer> => noise(seed).png().toBuffer();
const jpeg = (seed = 1, options = {}): Promise<Buffer> => noise(seed).jpeg(options).toBuffer();

/** Yields the bytes in small pieces. */
async function* inPieces(bytes: Buffer, most: number, seed = 1) {
  const random = seeded(seed);
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + Math.floor(random() * most);
    yield new Uint8Array(bytes.subarray(at, end));
    at = end;
  }
}

async function split(bytes: Buffer, most = 1000): Promise<{ format: string; bytes: Buffer }[]> {
  const found = [];
  for await (const image of splitImages(readBytes(inPieces(bytes, most)), "pipe")) {
    const parts: Uint8Array[] = [];
    for await (const part of image.bytes) parts.push(part);
    found.push({ format: image.format, bytes: Buffer.concat(parts) });
  }
  return found;
}

function pngChunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

const segment = (marker: number, data: Buffer): Buffer => {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(data.length + 2, 2);
  return Buffer.concat([head, data]);
};

describe("consecutive images", () => {
  it.each([1, 3, 1000, 1e6])(
    "are split byte for byte, in pieces of up to %i bytes",
    async (most) => {
      const images = [
        await png(1),
        await jpeg(2),
        await png(3),
        await png(4),
        await jpeg(5, { progressive: true }),
        await jpeg(6, { chromaSubsampling: "4:4:4" }),
      ];
      const found = await split(Buffer.concat(images), most);
      expect(found.map(({ format }) => format)).toEqual([
        "png",
        "jpeg",
        "png",
        "png",
        "jpeg",
        "jpeg",
      ]);
      for (const [i, { bytes }] of found.entries()) {
        expect(bytes.equals(images[i] as Buffer)).toBe(true);
      }
    },
  );

  it("end by structure: whole images inside a PNG's text and a JPEG's segments end nothing", async () => {
    const inner = Buffer.concat([await png(7), await jpeg(8)]);
    const [outer, photo] = [await png(9), await jpeg(10)];
    const withText = Buffer.concat([
      outer.subarray(0, 33),
      pngChunk("tEXt", Buffer.concat([Buffer.from("a\0"), inner])),
      outer.subarray(33),
    ]);
    const withThumbnail = Buffer.concat([
      photo.subarray(0, 2),
      segment(0xe1, Buffer.concat([Buffer.from("Exif\0\0"), inner])),
      segment(0xfe, Buffer.from([0xff, 0xd9])),
      // Fill bytes before a marker.
      Buffer.from([0xff, 0xff]),
      photo.subarray(2),
    ]);
    const images = [withText, withThumbnail, await png(11)];
    const found = await split(Buffer.concat(images), 7);
    expect(found.map(({ bytes }, i) => bytes.equals(images[i] as Buffer))).toEqual([
      true,
      true,
      true,
    ]);
  });

  it("are none in an empty stream", async () => {
    expect(await split(Buffer.alloc(0))).toEqual([]);
  });

  it.each(["png", "jpeg"])(
    "fail with the number of the image: a %s truncated anywhere",
    async (format) => {
      const whole = await png(1);
      const last = format === "png" ? await png(2) : await jpeg(2);
      for (let length = 1; length < last.length; length += length < 60 ? 1 : 37) {
        const bytes = Buffer.concat([whole, last.subarray(0, length)]);
        const failing = split(bytes);
        await expect(failing).rejects.toBeInstanceOf(InputError);
        await expect(failing).rejects.toThrow(/^pipe: picture 2: /);
      }
    },
  );

  it.each([
    ["bytes between pictures", Buffer.from("xx"), "Expected a PNG or a JPEG but found bytes 7878"],
    ["a chunk without a name", Buffer.from([0, 0, 0, 1, 1, 2, 3, 4]), "Expected a chunk of a PNG"],
    ["a chunk of 3 GB", Buffer.from([0xc0, 0, 0, 0, 73, 68, 65, 84]), "Expected a chunk of a PNG"],
  ])("%s: an error, and nothing as large as claimed is made", async (_, bytes, problem) => {
    const start = bytes.length === 2 ? await png() : (await png()).subarray(0, 33);
    await expect(split(Buffer.concat([start, bytes]))).rejects.toThrow(problem);
  });
});
