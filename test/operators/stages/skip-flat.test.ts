import { delay, map, mergeMap, of, pipe, throwError } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import { expect, test } from "vitest";
import { createLane } from "../../../src/model/lane.ts";
import { exclusive } from "../../../src/operators/flow/exclusive.ts";
import { skipFlat } from "../../../src/operators/stages/skip-flat.ts";
import type { DecodedTile, RestoredTile } from "../../../src/operators/stages/tile.ts";

const rect = { x: 0, y: 0, width: 2, height: 1 };

function decoded(index: number, flat: boolean): DecodedTile {
  const source = { width: 2, height: 1, channels: 1, samples: Uint8Array.of(7, 7) };
  const tile = { index, read: rect, core: rect };
  return { tile, source, pixels: new Float32Array(6), width: 2, height: 1, flat };
}

/** A device that takes 5 ms a tile and changes every pixel by 1. */
const restored = map(
  ({ tile, source, width, height }: DecodedTile): RestoredTile => ({
    tile,
    source,
    residual: new Float32Array(6).fill(1),
    width,
    height,
    copied: undefined,
    flat: false,
  }),
);

/** A tile as shown in marbles: its index, the change of its pixels, and whether it was flat. */
const shown = map(({ tile, residual, flat }: RestoredTile) => [tile.index, residual[0], flat]);

test("a flat tile is emitted at once with residual 0, other tiles go through the stages", () => {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run((helpers) => {
    const { cold, expectObservable } = helpers;
    const tiles = cold("abc|", { a: decoded(0, false), b: decoded(1, true), c: decoded(2, false) });
    const out = tiles.pipe(skipFlat(true, pipe(delay(5), restored)), shown);
    expectObservable(out).toBe("-b---a-(c|)", {
      a: [0, 1, false],
      b: [1, 0, true],
      c: [2, 1, false],
    });
  });
});

test("a flat tile does not wait for the device", () => {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run((helpers) => {
    const { hot, expectObservable } = helpers;
    const lane = createLane();
    lane.enter(); // never leaves
    const stages = exclusive(lane, restored);
    const tiles = hot("-a--b-", { a: decoded(0, false), b: decoded(1, true) });
    const out = tiles.pipe(mergeMap((tile) => of(tile).pipe(skipFlat(true, stages))));
    expectObservable(out.pipe(shown)).toBe("----b-", { b: [1, 0, true] });
  });
});

test("with skip off every tile goes through the stages, and their errors are passed on", () => {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run((helpers) => {
    const { cold, expectObservable } = helpers;
    const tiles = cold("ab|", { a: decoded(0, true), b: decoded(1, true) });
    expectObservable(tiles.pipe(skipFlat(false, restored), shown)).toBe("ab|", {
      a: [0, 1, false],
      b: [1, 1, false],
    });
    const failing = mergeMap(() => throwError(() => "fire"));
    const one = cold("ab|", { a: decoded(0, true), b: decoded(1, false) });
    expectObservable(one.pipe(skipFlat(true, failing), shown)).toBe(
      "a#",
      { a: [0, 0, true] },
      "fire",
    );
  });
});

test("an unsubscribe ends its source and the running stages", () => {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run((helpers) => {
    const { hot, cold, expectObservable, expectSubscriptions } = helpers;
    const stages = cold<RestoredTile>("------");
    const tiles = hot("-a-----|", { a: decoded(0, false) });
    const through = mergeMap(() => stages);
    expectObservable(tiles.pipe(skipFlat(true, through)), "^---!").toBe("----");
    expectSubscriptions(tiles.subscriptions).toBe("^---!");
    expectSubscriptions(stages.subscriptions).toBe("-^--!");
  });
});
