/** Tests that georeferencing is never lost without a notice. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { whatIsLost } from "../../../src/io/sinks/list-losses.ts";
import type { OpenedSource } from "../../../src/io/sources/opened-source.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "losses-"));
  for (const name of ["map.tfw", "photo.jgw"])
    await writeFile(join(folder, name), "1\n0\n0\n-1\n0\n0\n");
});
afterAll(() => rm(folder, { recursive: true }));

const sourceAt = (name: string, ...found: number[]) => {
  const entries = found.map((tag) => ({ tag, type: 12, count: 0, bytes: new Uint8Array() }));
  const directory = { entries, directories: new Map() };
  return {
    ...{ path: join(folder, name), sampleType: "uint8", channels: 3, metadata: {} },
    ...(found.length > 0 && { tags: { littleEndian: true, directory } }),
  } as unknown as OpenedSource;
};
const asked = { bits: undefined, stripMetadata: false };

test("a GeoTIFF that becomes a PNG loses its place, one that stays TIFF does not", () => {
  for (const tag of [33550, 34264, 34735]) {
    const source = sourceAt("raster.tif", 256, tag);
    expect(whatIsLost("out.png", source, { ...asked, format: "png" })).toEqual([
      "out.png: loses its georeferencing, which only TIFF holds",
    ]);
    expect(whatIsLost("out.tif", source, { ...asked, format: "tiff" })).toEqual([]);
  }
  expect(whatIsLost("out.png", sourceAt("plain.tif", 256), { ...asked, format: "png" })).toEqual(
    [],
  );
});

test("a world file beside the input is named", () => {
  for (const [name, world] of [
    ["map.tif", "map.tfw"],
    ["photo.jpg", "photo.jgw"],
  ] as const) {
    expect(whatIsLost("out.png", sourceAt(name), { ...asked, format: "png" })).toEqual([
      `out.png: ${world} beside the input, its georeferencing, is not copied`,
    ]);
  }
});
