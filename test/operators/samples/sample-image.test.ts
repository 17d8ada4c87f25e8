import fc from "fast-check";
import { lastValueFrom, map } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import { expect, test } from "vitest";
import { planPoints } from "../../../src/image/point-grid.ts";
import { openCopyEngine } from "../../../src/model/engines/copy.ts";
import { gatherSamples } from "../../../src/operators/samples/gather-samples.ts";
import type { Sample } from "../../../src/operators/samples/sample-field.ts";
import { sampleImage } from "../../../src/operators/samples/sample-image.ts";
import type { DecodedTile } from "../../../src/operators/stages/tile.ts";
import { deblurImage } from "../../../src/pipeline/deblur-image.ts";
import { memoryConvert, memorySink, memorySource, noiseImage } from "../fakes.ts";

test("the samples are the mean colour around each point, independent of the tiles", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        width: fc.integer({ min: 1, max: 120 }),
        height: fc.integer({ min: 1, max: 120 }),
        spacing: fc.integer({ min: 1, max: 16 }),
        halo: fc.constantFrom(16, 32),
      }),
      async ({ width, height, spacing, halo }) => {
        const image = noiseImage({ width, height, channels: 3, bits: 8 });
        const points = planPoints({ width, height, spacing });
        const reduced = gatherSamples(points, 3);
        await lastValueFrom(
          deblurImage(memorySource(image), memorySink(image), openCopyEngine(), {
            convert: memoryConvert(8),
            tile: 32 + 2 * halo,
            halo,
            feather: 0,
            inFlight: 3,
            timeout: 60,
            sample: { image: [{ points, onSample: reduced.add }] },
          }),
        );
        expect(reduced.unseen()).toBe(0);
        for (let i = 0; i < reduced.values.length; i++) {
          const [column, row] = [
            Math.floor(i / 3) % points.columns,
            Math.floor(i / 3 / points.columns),
          ];
          const [left, top] = [points.x(column), points.y(row)].map((p) => p - (spacing >> 1));
          let [sum, count] = [0, 0];
          for (let y = top as number; y < (top as number) + spacing; y++) {
            for (let x = left as number; x < (left as number) + spacing; x++) {
              if (x < 0 || y < 0 || x >= width || y >= height) continue;
              sum += image.samples[(y * width + x) * 3 + (i % 3)] as number;
              count++;
            }
          }
          expect(reduced.values[i]).toBeCloseTo(sum / count / 255, 5);
        }
      },
    ),
    { numRuns: 20 },
  );
});

test("without a listener the stream is the stream itself", () => {
  const stream = { pipe: () => {} } as never;
  expect(sampleImage([])(stream)).toBe(stream);
});

const points = planPoints({ width: 6, height: 1, spacing: 2 });

/** A tile two pixels wide with one value; the last one contains no point. */
function decoded(index: number, value: number): DecodedTile {
  const rect =
    index === 3 ? { x: 6, y: 0, width: 0, height: 1 } : { x: 2 * index, y: 0, width: 2, height: 1 };
  const source = { width: 2, height: 1, channels: 1, samples: new Uint8Array(2) };
  const pixels = new Float32Array(6).fill(value);
  const read = { ...rect, width: 2 };
  return { tile: { index, read, core: rect }, source, pixels, width: 2, height: 1, flat: false };
}

const tiles = { a: decoded(0, 0.5), b: decoded(1, 0.25), c: decoded(2, 1), d: decoded(3, 0) };
const marbles = (run: Parameters<TestScheduler["run"]>[0]): unknown =>
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(run);

test("tiles pass as they come, each after every listener has received it", () => {
  const log: string[] = [];
  const listener = (name: string) => ({
    points,
    onSample: ({ tile, values }: Sample) => log.push(`${name}${tile.index}: ${[...values]}`),
  });
  marbles(({ hot, expectObservable, expectSubscriptions }) => {
    const source = hot("-b-(ad)c|", tiles);
    const sampled = source.pipe(
      sampleImage([listener("x"), listener("y")]),
      map((one) => {
        log.push(`out ${one.tile.index}`);
        return one;
      }),
    );
    expectObservable(sampled).toBe("-b-(ad)c|", tiles);
    expectSubscriptions(source.subscriptions).toBe("^-------!");
  });
  expect(log).toEqual([
    ...["x1: 0.25,0.25,0.25", "y1: 0.25,0.25,0.25", "out 1"],
    ...["x0: 0.5,0.5,0.5", "y0: 0.5,0.5,0.5", "out 0"],
    ...["out 3", "x2: 1,1,1", "y2: 1,1,1", "out 2"],
  ]);
});

test("an error of a listener ends it and unsubscribes from the source", () => {
  marbles(({ hot, expectObservable, expectSubscriptions }) => {
    const source = hot("-ab-c|", tiles);
    const onSample = ({ tile }: Sample) => {
      if (tile.index === 1) throw "no room";
    };
    expectObservable(source.pipe(sampleImage([{ points, onSample }]))).toBe(
      "-a#",
      tiles,
      "no room",
    );
    expectSubscriptions(source.subscriptions).toBe("^-!");
  });
});

test("an error of its source passes; after an unsubscribe nothing is sampled", () => {
  const seen: number[] = [];
  const onSample = ({ tile }: Sample) => seen.push(tile.index);
  marbles(({ hot, expectObservable, expectSubscriptions }) => {
    expectObservable(hot("-a-#", tiles).pipe(sampleImage([{ points, onSample }]))).toBe(
      "-a-#",
      tiles,
    );
    const source = hot("-b-c|", tiles);
    const left = source.pipe(sampleImage([{ points, onSample }]));
    expectObservable(left, "^-!").toBe("-b", tiles);
    expectSubscriptions(source.subscriptions).toBe("^-!");
  });
  expect(seen).toEqual([0, 1]);
});
