import { describe, expect, it } from "vitest";
import { WeightsError } from "../../../src/errors.ts";
import { readZip } from "../../../src/model/weights/zip.ts";
import { concat, makeZip } from "../../helpers/torch-file.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);
const records = [
  ["a/first", bytes(1, 2, 3)],
  ["a/empty", bytes()],
  ["a/last", bytes(4)],
] as const;

/** The archive with the bytes at `at` replaced; counted from its end if negative. */
function patched(archive: Uint8Array, at: number, ...values: number[]): Uint8Array {
  const copy = archive.slice();
  copy.set(values, at < 0 ? archive.length + at : at);
  return copy;
}

/** Offset of the `index`-th occurrence of a signature. */
function find(archive: Uint8Array, signature: string, index = 0): number {
  let at = -1;
  for (let i = 0; i <= index; i++) at = Buffer.from(archive).indexOf(signature, at + 1, "latin1");
  return at;
}

describe("reading zip archives", () => {
  it.each([false, true])("returns every record as a view, in order (zip64: %s)", (zip64) => {
    const archive = makeZip(records, { zip64 });
    const read = readZip(archive);
    expect([...read]).toEqual(records);
    for (const record of read.values()) expect(record.buffer).toBe(archive.buffer);
  });

  it("reads an archive whose first bytes look like an end record's", () => {
    const odd = makeZip([["a", new TextEncoder().encode("PK\x05\x06\0\0\0\0")]]);
    expect(readZip(odd).get("a")).toHaveLength(8);
  });

  const archive = makeZip(records);
  const wide = makeZip(records, { zip64: true });
  const central = find(archive, "PK\x01\x02");
  const end = find(archive, "PK\x05\x06");
  // The directory finds `inner` in a copy of it that is data of `outer`.
  const inner = ["inner", bytes(7)] as const;
  const both = makeZip([["outer", makeZip([inner])], inner]);
  const listedInner = both.length - 22 - (46 + 5);
  const nested = patched(both, listedInner + 42, 30 + 5, 0);
  it.each<[string, Uint8Array, RegExp]>([
    ["nothing", bytes(), /no directory/],
    ["a file without a directory", archive.subarray(0, end), /no directory/],
    ["data after the end", concat(archive, bytes(0)), /no directory/],
    ["compressed records", makeZip(records, { method: 8 }), /record "a\/first" to be stored/],
    ["encrypted records", makeZip(records, { flags: 1 }), /compressed or encrypted/],
    [
      "two records of one name",
      makeZip([records[0], records[0]]),
      /two records have the name "a\/first"/,
    ],
    ["a record with a wrong byte", patched(archive, 30 + 7, 9), /"a\/first" is damaged \(CRC\)/],
    ["a directory elsewhere", patched(archive, end + 16, 0), /directory is misplaced/],
    ["a directory of 4 GB", patched(archive, end + 12, 255, 255, 255, 127), /is misplaced/],
    ["a directory without its signature", patched(archive, central, 0), /directory is damaged/],
    ["a name longer than the directory", patched(archive, central + 28, 255, 255), /is damaged/],
    ["more records than listed", patched(archive, end + 10, 9), /expected 9 records but found 3/],
    [
      "a record of 4 GB",
      patched(archive, central + 20, 0, 0, 0, 240, 0, 0, 0, 240),
      /is truncated/,
    ],
    ["a record of two sizes", patched(archive, central + 20, 2), /has two sizes/],
    ["a missing record", patched(archive, central + 42, 1), /not at its offset in the directory/],
    ["a record beyond the end", patched(archive, central + 42, 0, 0, 0, 127), /not at its offset/],
    [
      "a record with another local name",
      patched(archive, 30, 98),
      /"a\/first" has the name "b\/first"/,
    ],
    ["a name that is not text", patched(archive, 30, 255), /name is not text/],
    ["a record within another", nested, /"inner" overlaps another/],
    [
      "truncated zip64 fields",
      patched(wide, find(wide, "PK\x01\x02") + 46 + 7 + 2, 25),
      /is damaged/,
    ],
    ["no zip64 end record", patched(wide, find(wide, "PK\x06\x06"), 0), /zip64 end record/],
    [
      "two ends that differ",
      patched(wide, find(wide, "PK\x05\x06") + 10, 7, 0),
      /two end records differ/,
    ],
    [
      "a zip64 directory of 2^63",
      patched(wide, find(wide, "PK\x06\x06") + 47, 127),
      /is misplaced/,
    ],
    [
      "a zip64 record of 2^56",
      patched(wide, find(wide, "PK\x01\x02") + 46 + 7 + 4 + 7, 1),
      /two sizes/,
    ],
  ])("rejects %s", (_, broken, message) => {
    expect(() => readZip(broken)).toThrow(WeightsError);
    expect(() => readZip(broken)).toThrow(message);
  });
});
