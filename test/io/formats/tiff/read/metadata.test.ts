import { describe, expect, it } from "vitest";
import { entryOf } from "../../../../../src/io/formats/tiff/directory.ts";
import { metadataOfTags } from "../../../../../src/io/formats/tiff/read/metadata.ts";
import { tags } from "../../../../../src/io/formats/tiff/tags.ts";

/** Record 2, data set 5 (object name) of four characters, filled up to a multiple of four. */
const iptc = Buffer.from([0x1c, 2, 5, 0, 4, ...Buffer.from("Kerb"), 0, 0, 0]);

/** Reads IPTC that a directory stores as numbers of `bits`, in either byte order. */
function iptcStoredAs(type: "byte" | "long", numbers: readonly number[], littleEndian: boolean) {
  const entries = [entryOf(tags.iptc, type, numbers, littleEndian)];
  return metadataOfTags({ littleEndian, directory: { entries, directories: new Map() } }).iptc;
}

describe("IPTC of a TIFF", () => {
  it("comes whole where it is stored as bytes", () => {
    expect(iptcStoredAs("byte", [...iptc], true)).toEqual(iptc);
  });

  it.each([true, false])("comes whole where it is stored as longs, little-endian: %s", (little) => {
    const longs = [0, 4, 8].map((at) => iptc.readUInt32BE(at));
    expect(iptcStoredAs("long", longs, little)).toEqual(iptc);
    const own = [0, 4, 8].map((at) => iptc.readUInt32LE(at));
    expect(iptcStoredAs("long", own, little)).toEqual(iptc);
  });
});
