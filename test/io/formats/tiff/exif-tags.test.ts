import sharp from "sharp";
import { describe, expect, test } from "vitest";
import {
  bytesEntry,
  entryOf,
  integersOf,
  type Tiff,
  type TiffDirectory,
} from "../../../../src/io/formats/tiff/directory.ts";
import { exifOfTags, tagsOfMetadata } from "../../../../src/io/formats/tiff/exif-tags.ts";
import { readDirectories } from "../../../../src/io/formats/tiff/read/read-directories.ts";
import { bytesInMemory } from "../../../../src/io/system/bytes.ts";

async function structureOf(block: Buffer | undefined): Promise<Tiff> {
  const found = block && (await readDirectories(bytesInMemory(block)));
  if (found === undefined) throw new Error("no Exif block");
  return found;
}

const bytesOf = ({ entries }: TiffDirectory, tag: number) =>
  entries.find((entry) => entry.tag === tag)?.bytes;

/** An Exif block as libvips writes it. */
async function exifBlock(): Promise<Buffer> {
  const bytes = await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } })
    .withMetadata({ density: 72, orientation: 3 })
    .withExifMerge({
      IFD0: { Make: "A maker", Copyright: "Somebody" },
      IFD2: { UserComment: "A comment", FNumber: "28/10" },
      IFD3: { GPSLatitudeRef: "N", GPSLatitude: "52/1 30/1 0/1" },
    })
    .jpeg()
    .toBuffer();
  const { exif } = await sharp(bytes).metadata();
  if (exif === undefined) throw new Error("sharp wrote no Exif");
  return exif;
}

describe("an Exif block", () => {
  test("becomes tags, and the same tags become a block again, values untouched", async () => {
    const exif = await exifBlock();
    const tags = await tagsOfMetadata({ exif });
    const { directory } = tags;
    expect(Buffer.from(bytesOf(directory, 271) ?? []).toString("latin1")).toBe("A maker\0");
    const exifDirectory = directory.directories.get(34665);
    const gps = directory.directories.get(34853);
    expect(exifDirectory && bytesOf(exifDirectory, 37510)?.length).toBeGreaterThan(8);
    expect(gps && bytesOf(gps, 2)?.length).toBe(24);

    const original = await structureOf(exif.subarray("Exif\0\0".length));
    const again = await structureOf(exifOfTags(tags));
    expect(again.littleEndian).toBe(original.littleEndian);
    const [before] = original.directories;
    const [after] = again.directories;
    for (const tag of [34665, 34853])
      expect(after?.directories.get(tag)).toEqual(before?.directories.get(tag));
    for (const tag of [271, 274, 282, 283, 296, 33432])
      expect(after && bytesOf(after, tag)).toEqual(before && bytesOf(before, tag));
  });

  test("says orientation and resolution itself where it does", async () => {
    const exif = await exifBlock();
    const { directory, littleEndian } = await tagsOfMetadata({
      exif,
      density: 300,
      orientation: 6,
    });
    expect(integersOf(directory, 274, littleEndian)).toEqual([3]);
    const block = await structureOf(exif.subarray("Exif\0\0".length));
    const [first] = block.directories;
    expect(bytesOf(directory, 282)).toEqual(first && bytesOf(first, 282));
  });

  test("that is damaged is left out", async () => {
    for (const damaged of ["Exif\0\0", "Exif\0\0II*\0\xff\xff\0\0", "nonsense"]) {
      const exif = Buffer.from(damaged, "latin1");
      const { directory } = await tagsOfMetadata({ exif, orientation: 6 });
      expect(directory.entries.map(({ tag }) => tag)).toEqual([274]);
    }
  });
});

test("profile, XMP and density become tags", async () => {
  const icc = Buffer.from("a profile");
  const xmp = Buffer.from("<x/>");
  const { directory } = await tagsOfMetadata({ icc, xmp, density: 300 });
  expect(directory.entries.map(({ tag, type }) => [tag, type])).toEqual([
    [34675, 7],
    [700, 1],
    [282, 5],
    [283, 5],
    [296, 3],
  ]);
  expect(bytesOf(directory, 34675)).toEqual(icc);
  expect(bytesOf(directory, 282)).toEqual(Uint8Array.of(0xe0, 0x93, 4, 0, 0xe8, 3, 0, 0));
});

describe("captions", () => {
  const data = Buffer.from("\x1c\x02\x78\x00\x05Hello", "latin1");
  const other = Buffer.from("8BIM\x04\x25\x03abc\0\0\0\x02zz", "latin1");
  const captions = Buffer.concat([Buffer.from("8BIM\x04\x04\0\0\0\0\0\x0a", "latin1"), data]);
  const photoshop = (...parts: Buffer[]) =>
    Buffer.concat([Buffer.from("Photoshop 3.0\0", "latin1"), ...parts]);

  test("of a JPEG are found among Photoshop's resources, and these are kept", async () => {
    for (const resources of [[captions], [other, captions], [captions, other]]) {
      const { directory } = await tagsOfMetadata({ iptc: photoshop(...resources) });
      expect(bytesOf(directory, 33723)).toEqual(data);
      expect(bytesOf(directory, 34377)).toEqual(Buffer.concat(resources));
    }
  });

  test("that are cut short or missing do no harm", async () => {
    const whole = photoshop(other, captions);
    for (let length = 0; length < whole.length; length++)
      await tagsOfMetadata({ iptc: whole.subarray(0, length) });
    const { directory } = await tagsOfMetadata({ iptc: photoshop(other) });
    expect(directory.entries.map(({ tag }) => tag)).toEqual([34377]);
  });
});

test("tags that say no more than orientation and resolution make no block", () => {
  const short = (tag: number) => entryOf(tag, "short", [2], true);
  const others = [short(256), short(258), short(259), bytesEntry(34675, "undefined", Buffer.of(1))];
  const meaningless = { entries: [short(274), short(296), ...others], directories: new Map() };
  expect(exifOfTags({ littleEndian: true, directory: meaningless })).toBeUndefined();
  const withMaker = {
    ...meaningless,
    entries: [...meaningless.entries, bytesEntry(271, "ascii", Buffer.from("Me\0"))],
  };
  expect(exifOfTags({ littleEndian: true, directory: withMaker })).toBeDefined();
});
