import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { IoError, TileError } from "../../../src/errors.ts";
import { crop, type Raster } from "../../../src/image/raster.ts";
import type { Samples } from "../../../src/image/samples.ts";
import { planGrid } from "../../../src/image/tiling/grid.ts";
import type { StorePlan } from "../../../src/io/store/store-plan.ts";
import { tileFile, tilesIn } from "../../../src/io/store/tile-names.ts";
import {
  openTileStore,
  type StoredTiles,
  type TileStoreOptions,
} from "../../../src/io/store/tile-store.ts";
import { tileFilesIn } from "../../../src/io/store/tile-tasks.ts";
import { type MemoryDisk, memoryDisk } from "./memory-disk.ts";
import { dozen, images, inMemory, noiseRaster, poolOn, restoredTile } from "./stored-tiles.ts";

const signal = new AbortController().signal;
const identity = "0123456789abcdef0123456789abcdef";
const engine = "fedcba9876543210fedcba9876543210";
const pathOf = (index: number): string => tileFile(tilesIn("/run"), index);

function openOn(
  disk: MemoryDisk,
  plan: StorePlan,
  other: Partial<TileStoreOptions> = {},
): Promise<StoredTiles> {
  const run = { plan, identity, engine, work: "/run/work", signal };
  return openTileStore("/run", { ...run, pool: poolOn(disk), disk, ...other });
}

async function storeAll(
  store: StoredTiles,
  plan: StorePlan,
  whole: Raster,
  order: readonly number[],
): Promise<void> {
  for (const index of order) await store.put(restoredTile(plan.grid, whole, index), { signal });
}

const allOf = (picture: StorePlan): number[] => [...Array(planGrid(picture.grid).count).keys()];

function same(a: Samples, b: Samples): boolean {
  const [left, right] = [a, b].map((x) => Buffer.from(x.buffer, x.byteOffset, x.byteLength));
  return (left as Buffer).equals(right as Buffer);
}

/** A disk with every tile of the dozen. */
async function filled(): Promise<{ disk: MemoryDisk; whole: Raster }> {
  const disk = memoryDisk();
  const whole = noiseRaster(dozen, 7, false);
  await storeAll(await openOn(disk, dozen), dozen, whole, allOf(dozen));
  return { disk, whole };
}

/** The tiles that a later run finds. */
async function found(
  disk: MemoryDisk,
  other: Partial<TileStoreOptions> = {},
): Promise<readonly number[]> {
  const store = await openOn(disk, dozen, other);
  return allOf(dozen).filter((index) => store.has(index));
}

describe("a picture read from stored tiles", () => {
  test("is the picture blended in memory, bit for bit, whatever the grid, the types, the order and the rectangle", async () => {
    await fc.assert(
      fc.asyncProperty(
        images,
        fc.nat(),
        fc.boolean(),
        fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat()), { maxLength: 5 }),
        async (picture, seed, masked, rects) => {
          const { width, height } = picture.grid;
          const disk = memoryDisk();
          const whole = noiseRaster(picture, seed, masked);
          const expected: Raster = {
            width,
            height,
            channels: picture.channels,
            samples: inMemory(picture, whole),
          };
          const store = await openOn(disk, picture);
          const order = allOf(picture)
            .map((index) => ({ index, key: Math.imul(index + 1, seed | 1) >>> 0 }))
            .sort((a, b) => a.key - b.key)
            .map(({ index }) => index);
          await storeAll(store, picture, whole, order);
          const all = await store.image.read({ x: 0, y: 0, width, height }, { signal });
          expect(same(all.samples, expected.samples)).toBe(true);
          for (const [a, b, c, d] of rects) {
            const [x, y] = [a % width, b % height];
            const rect = { x, y, width: 1 + (c % (width - x)), height: 1 + (d % (height - y)) };
            const part = await store.image.read(rect, { signal });
            expect(same(part.samples, crop(expected, rect).samples)).toBe(true);
          }
          expect(disk.openFiles()).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("is an error that names the file where a tile is gone, cut or another's", async () => {
    const { disk } = await filled();
    const { image } = await openOn(disk, dozen);
    const { width, height } = dozen.grid;
    const whole = disk.files.get(pathOf(5)) as Uint8Array<ArrayBuffer>;
    const read = async (): Promise<Raster> => image.read({ x: 0, y: 0, width, height }, { signal });
    const spoilt: [Uint8Array<ArrayBuffer> | undefined, string][] = [
      [undefined, "no such file or directory"],
      [whole.slice(0, 5000), "is not the result of tile 5 that was stored"],
      [disk.files.get(pathOf(6)), "is not the result of tile 5 that was stored"],
    ];
    for (const [bytes, problem] of spoilt) {
      if (bytes === undefined) disk.files.delete(pathOf(5));
      else disk.files.set(pathOf(5), bytes);
      await expect(read()).rejects.toThrow(`${pathOf(5)}: ${problem}`);
      await expect(read()).rejects.toBeInstanceOf(IoError);
    }
    expect(disk.openFiles()).toBe(0);
  });

  test("needs one open file", async () => {
    const { disk } = await filled();
    let most = 0;
    const counting = {
      ...disk,
      open: (...args: Parameters<MemoryDisk["open"]>) => {
        const fd = disk.open(...args);
        most = Math.max(most, disk.openFiles());
        return fd;
      },
    };
    const { width, height } = dozen.grid;
    const rect = { x: 0, y: 0, width, height };
    await tileFilesIn(poolOn(counting)).read({
      plan: dozen,
      tiles: tilesIn("/run"),
      identity,
      rect,
    });
    expect(most).toBe(1);
  });
});

describe("a stored tile is found again", () => {
  test("by a later run, with what was told of it", async () => {
    const { disk, whole } = await filled();
    expect(await found(disk)).toEqual(allOf(dozen));
    const restored = restoredTile(dozen.grid, whole, 3);
    const copied = new TileError(restored.tile.read, "deblur", "for a test");
    await (await openOn(disk, dozen)).put({ ...restored, copied }, { signal });
    const store = await openOn(disk, dozen);
    expect([store.count, store.refused, store.copied]).toEqual([12, 0, [restored.tile.core]]);
  });

  test("only among those that are looked for", async () => {
    const { disk } = await filled();
    expect(await found(disk, { range: { start: 3, end: 6 } })).toEqual([3, 4, 5]);
  });

  test("not where its file was cut or made longer", async () => {
    const { disk } = await filled();
    const bytes = disk.files.get(pathOf(4)) as Uint8Array<ArrayBuffer>;
    for (const length of [0, 1, 63, 64, 65, bytes.length - 1]) {
      disk.files.set(pathOf(4), bytes.slice(0, length));
      expect(await found(disk)).not.toContain(4);
    }
    disk.files.set(pathOf(4), Uint8Array.of(...bytes, 0));
    expect(await found(disk)).not.toContain(4);
    expect((await openOn(disk, dozen)).refused).toBe(1);
  });

  test("not where a byte of it was changed", async () => {
    const { disk } = await filled();
    const bytes = disk.files.get(pathOf(4)) as Uint8Array<ArrayBuffer>;
    const range = { start: 4, end: 5 };
    expect(await found(disk, { range })).toEqual([4]);
    // Every byte of the header, and some thousands of the rest.
    for (let at = 0; at < bytes.length; at += at < 64 ? 1 : 7) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] as number) ^ (1 << (at % 8));
      disk.files.set(pathOf(4), damaged);
      expect(await found(disk, { range }), `byte ${at}`).toEqual([]);
    }
  });

  test("not where it is another tile's, or no tile's", async () => {
    const { disk } = await filled();
    const [five, six] = [5, 6].map((i) => disk.files.get(pathOf(i))) as Uint8Array<ArrayBuffer>[];
    disk.files.set(pathOf(5), six as Uint8Array<ArrayBuffer>);
    disk.files.set(pathOf(6), five as Uint8Array<ArrayBuffer>);
    disk.files.set("/run/tiles/001/000007.tile", five as Uint8Array<ArrayBuffer>);
    disk.files.set("/run/tiles/stray", five as Uint8Array<ArrayBuffer>);
    expect(await found(disk)).toEqual([0, 1, 2, 3, 4, 7, 8, 9, 10, 11]);
    // What no tile of the grid can be is not believed either.
    disk.files.set(pathOf(999), five as Uint8Array<ArrayBuffer>);
    expect(await found(disk)).toEqual([0, 1, 2, 3, 4, 7, 8, 9, 10, 11]);
  });

  test("not where it is of a run with other settings, or another engine unless any will do", async () => {
    const { disk } = await filled();
    expect(await found(disk, { identity: engine })).toEqual([]);
    expect(await found(disk, { engine: identity })).toEqual([]);
    expect(await found(disk, { engine: identity, anyEngine: true })).toHaveLength(12);
  });
});
