import { lastValueFrom, map, of, toArray } from "rxjs";
import { describe, expect, test } from "vitest";
import { TileError } from "../../../src/errors.ts";
import { openCanvas } from "../../../src/image/tiling/canvas.ts";
import { openGrid } from "../../../src/image/tiling/open-grid.ts";
import { blend } from "../../../src/operators/stages/blend.ts";
import type { BlendedTile, RestoredTile } from "../../../src/operators/stages/tile.ts";
import { play } from "../flow/turn-marbles.ts";

// Three overlapping tiles in a row.
const grid = openGrid({ width: 64, height: 16, tile: 32, halo: 8, feather: 8, alignment: 8 });
const options = { timeout: 60 };

/** A tile whose samples are their column numbers, and whose residual is its index. */
function restored(index: number, more: Partial<RestoredTile> = {}): RestoredTile {
  const tile = grid.tile(index);
  const { x, width, height } = tile.read;
  const samples = Uint8Array.from({ length: width * height }, (_, i) => x + (i % width));
  const residual = new Float32Array(3 * width * height).fill(index);
  const source = { width, height, channels: 1, samples };
  return { tile, source, residual, width, height, copied: undefined, flat: false, ...more };
}

const letters = "abc";
const toTile = map((letter: string) => restored(letters.indexOf(letter)));
const toLetter = map(({ tile }: BlendedTile) => letters[tile.index] as string);

describe("blend", () => {
  test("emits each tile as it comes, and completes with its source", async () => {
    const canvas = openCanvas(grid);
    const played = await play("c-ab-|", (from) =>
      from.pipe(toTile, blend(canvas, options), toLetter),
    );
    expect(played).toEqual({ out: "c-ab-|", source: "^----!", error: undefined });
  });

  test.each([
    [0, 1, 2],
    [2, 0, 1],
    [1, 2, 0],
  ])(
    "tiles %i, %i, %i: blocks cover the image once, with the source under them",
    async (...order) => {
      const canvas = openCanvas(grid);
      const tiles = of(...order.map((index) => restored(index)));
      const out = await lastValueFrom(tiles.pipe(blend(canvas, options), toArray()));
      expect(out.map(({ tile }) => tile.index)).toEqual(order);
      const times = new Uint8Array(64 * 16);
      for (const { rect, source, residual } of out.flatMap(({ blocks }) => blocks)) {
        expect(residual).toHaveLength(3 * rect.width * rect.height);
        for (let i = 0; i < rect.width * rect.height; i++) {
          const [x, y] = [rect.x + (i % rect.width), rect.y + Math.floor(i / rect.width)];
          times[y * 64 + x] = (times[y * 64 + x] as number) + 1;
          expect(source.samples[i]).toBe(x);
        }
      }
      expect(times.every((count) => count === 1)).toBe(true);
      // The seams waited for their neighbours and are now released.
      expect(canvas.waitingBytes()).toBe(0);
    },
  );

  test("keeps only the seams of tiles whose neighbours are missing", async () => {
    const canvas = openCanvas(grid);
    await lastValueFrom(of(restored(0)).pipe(blend(canvas, options)));
    // Twice the feather's width, float32, three planes.
    expect(canvas.waitingBytes()).toBe(4 * 3 * 16 * 16);
    await lastValueFrom(of(restored(2)).pipe(blend(canvas, options)));
    expect(canvas.waitingBytes()).toBe(2 * 4 * 3 * 16 * 16);
  });

  test("passes on the reason why a tile is unchanged", async () => {
    const copied = new TileError(grid.tile(0).read, "deblur", "on fire");
    const marks = [{ copied }, { flat: true }, { sharp: true }];
    const tiles = of(...marks.map((mark, index) => restored(index, mark)));
    const out = await lastValueFrom(tiles.pipe(blend(openCanvas(grid), options), toArray()));
    expect(out.map(({ tile, blocks, ...rest }) => rest)).toEqual([
      { copied, flat: false },
      { copied: undefined, flat: true },
      { copied: undefined, flat: false, sharp: true },
    ]);
  });

  test("a tile that comes twice ends it with its position and unsubscribes from the source", async () => {
    const work = blend(openCanvas(grid), options);
    const played = await play("ab-a-c|", (from) => from.pipe(toTile, work, toLetter));
    expect(played).toMatchObject({ out: "ab-#", source: "^--!" });
    expect(played.error).toEqual(new TileError(grid.tile(0).read, "blend", "tile 0 came twice"));
  });

  test("passes on its source's error; an unsubscribe ends the source", async () => {
    const failing = await play("a-#", (from) =>
      from.pipe(toTile, blend(openCanvas(grid), options), toLetter),
    );
    expect(failing).toEqual({ out: "a-#", source: "^-!", error: "gone" });
    const left = await play(
      "a-bc|",
      (from) => from.pipe(toTile, blend(openCanvas(grid), options), toLetter),
      { unsubscribeAt: 1 },
    );
    expect(left).toMatchObject({ out: "a", source: "^!" });
  });
});
