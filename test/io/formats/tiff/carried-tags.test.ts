import { describe, expect, test } from "vitest";
import { carriedTags, isGeoreferenced } from "../../../../src/io/formats/tiff/carried-tags.ts";
import { bytesEntry, entryOf, type TiffEntry } from "../../../../src/io/formats/tiff/directory.ts";

const short = (tag: number, value = 1) => entryOf(tag, "short", [value], true);
const text = (tag: number, words: string) => bytesEntry(tag, "ascii", Buffer.from(`${words}\0`));

function carried(entries: readonly TiffEntry[], strip = false): readonly TiffEntry[] {
  const directories = new Map([[34665, { entries: [], directories: new Map() }]]);
  const tags = { littleEndian: true, directory: { entries, directories } };
  const found = carriedTags(tags, { strip });
  expect(found.directories.size).toBe(strip ? 0 : 1);
  return found.entries;
}

const arrangement = [
  ...[254, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325],
  ...[330, 338, 339, 340, 341, 347, 530, 532, 37724, 50674],
];
const words = [270, 271, 305, 306, 700, 33723, 34377, 42112, 50838, 65000];
const meaning = [274, 282, 283, 296, 301, 33550, 33922, 34264, 34675, 34735, 34736, 34737, 42113];

test("everything but the arrangement of the pixels is carried, byte for byte", () => {
  const kept = [...words, ...meaning].map((tag) => text(tag, `of ${tag}`));
  const found = carried([...arrangement.map((tag) => short(tag)), ...kept]);
  expect(found).toEqual(kept);
});

test("stripped, only what pixels mean is left", () => {
  const all = [...arrangement, ...words, ...meaning].map((tag) => text(tag, "a word"));
  expect(carried(all, true).map(({ tag }) => tag)).toEqual(meaning);
});

test("the profile of inks is not that of the RGB they became", () => {
  const profile = text(34675, "a profile");
  expect(carried([short(262, 5), profile])).toEqual([]);
  expect(carried([short(262, 2), profile])).toEqual([profile]);
});

test.each([33550, 33922, 34264])("tag %d says where on earth the picture lies", (tag) => {
  const directory = { entries: [short(tag)], directories: new Map() };
  expect(isGeoreferenced({ littleEndian: true, directory })).toBe(true);
  const other = { entries: [short(274)], directories: new Map() };
  expect(isGeoreferenced({ littleEndian: true, directory: other })).toBe(false);
});

describe("GDAL's metadata", () => {
  const around = (...items: string[]) => `<GDALMetadata>\n${items.join("")}</GDALMetadata>\n`;
  const statistic = (name: string) =>
    `  <Item name="STATISTICS_${name}" sample="0">29.947726688477</Item>\n`;
  const scale = '  <Item name="SCALE" sample="0" role="scale">0.1</Item>\n';
  const named = '  <Item name="STATISTICS_OFFICE">Bonn</Item>\n'.replace("STATISTICS_", "");

  test("loses the statistics of pixels that are gone and nothing else", () => {
    const all = around(statistic("MAXIMUM"), scale, statistic("MEAN"), named, statistic("STDDEV"));
    expect(carried([text(42112, all)])).toEqual([text(42112, around(scale, named))]);
  });

  test("without statistics stays byte for byte", () => {
    const entry = text(42112, around(scale, named));
    expect(carried([entry])).toEqual([entry]);
  });

  test("of statistics alone is left out", () => {
    expect(carried([text(42112, around(statistic("MEAN")))])).toEqual([]);
  });
});
