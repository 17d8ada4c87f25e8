import { delay, map, mergeMap, pipe } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import { expect, test } from "vitest";
import { DeviceLostError, TileError, UnavailableError } from "../../../src/errors.ts";
import { copyFailed } from "../../../src/operators/stages/copy-failed.ts";
import type { DecodedTile, RestoredTile } from "../../../src/operators/stages/tile.ts";

const rect = { x: 0, y: 0, width: 2, height: 1 };

function decoded(index: number): DecodedTile {
  const source = { width: 2, height: 1, channels: 1, samples: Uint8Array.of(7, 7) };
  const tile = { index, read: rect, core: rect };
  return { tile, source, pixels: new Float32Array(6), width: 2, height: 1, flat: false };
}

/** A device that takes 3 ms a tile, changes every pixel by 1, and fails on tile 1. */
const failing = (error: unknown) =>
  pipe(
    delay<DecodedTile>(3),
    map(({ tile, source, width, height }): RestoredTile => {
      if (tile.index === 1) throw error;
      const residual = new Float32Array(6).fill(1);
      return { tile, source, residual, width, height, copied: undefined, flat: false };
    }),
  );

const shown = map(({ tile, residual, copied }: RestoredTile) => [tile.index, residual[0], copied]);
const tiles = { a: decoded(0), b: decoded(1), c: decoded(2) };
const failed = new TileError(rect, "deblur", "fire", { cause: new Error("fire") });

function marbles(body: Parameters<TestScheduler["run"]>[0]): void {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(body);
}

test("a failed tile is emitted unchanged with its error, later ones are restored", () => {
  marbles(({ hot, expectObservable, expectSubscriptions }) => {
    const source = hot(" -abc|", tiles);
    const out = source.pipe(copyFailed("copy", failing(failed)), shown);
    expectObservable(out).toBe("----ab(c|)", {
      a: [0, 1, undefined],
      b: [1, 0, failed],
      c: [2, 1, undefined],
    });
    expectSubscriptions(source.subscriptions).toBe("^---!");
  });
});

test("under fail the run fails with the tile and unsubscribes from the source", () => {
  marbles(({ hot, expectObservable, expectSubscriptions }) => {
    const source = hot(" -abc---|", tiles);
    const out = source.pipe(copyFailed("fail", failing(failed)), shown);
    expectObservable(out).toBe("----a#", { a: [0, 1, undefined] }, failed);
    expectSubscriptions(source.subscriptions).toBe("^----!");
  });
});

test.each([
  new TileError(rect, "deblur", "gone", { cause: new UnavailableError("gone") }),
  new TileError(rect, "deblur", "lost", { cause: new DeviceLostError("lost") }),
  new TypeError("a defect"),
])("an error that concerns more than a tile fails the run under copy too: %s", (error) => {
  marbles(({ hot, expectObservable }) => {
    const out = hot("-abc---|", tiles).pipe(copyFailed("copy", failing(error)), shown);
    expectObservable(out).toBe("----a#", { a: [0, 1, undefined] }, error);
  });
});

test("an unsubscribe ends the running stages", () => {
  marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
    const stage = cold<RestoredTile>("-----");
    const out = hot("-a---|", tiles).pipe(
      copyFailed(
        "copy",
        mergeMap(() => stage),
      ),
    );
    expectObservable(out, "^--!").toBe("----");
    expectSubscriptions(stage.subscriptions).toBe("-^-!");
  });
});
