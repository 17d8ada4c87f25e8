import { join } from "node:path";
import fc from "fast-check";
import { lastValueFrom, of } from "rxjs";
import { afterAll, expect, test } from "vitest";
import { blend } from "../../../src/operators/blend.ts";
import { plainRadiometry } from "../../../src/operators/radiometry.ts";
import { createSamples, type Samples, type SampleType } from "../../../src/operators/samples.ts";
import type { Raster, RestoredTile } from "../../../src/operators/tile.ts";
import { openCanvas } from "../../../src/operators/tiling/canvas.ts";
import { type GridPlan, planGrid } from "../../../src/operators/tiling/grid.ts";
import type { Rect } from "../../../src/operators/tiling/rect.ts";
import { planTiles } from "../../../src/pipeline/plan-tiles.ts";
import { openAssembled } from "../../../src/pipeline/store/assembled.ts";
import type { StorePlan } from "../../../src/pipeline/store/tile-layout.ts";
import { openTileStore } from "../../../src/pipeline/store/tile-store.ts";
import { openPool } from "../../../src/pipeline/workers/pool.ts";
import { quantise } from "../../../src/pipeline/workers/quantise.ts";
import { temporaryFolder } from "../sources/pictures.ts";

const entry = new URL("../../../dist/src/pipeline/workers/worker.js", import.meta.url);
const pool = openPool({ threads: 2, entry });
afterAll(() => pool.close());
const { signal } = new AbortController();
const identity = "00112233445566778899aabbccddeeff";

/** Numbers without a pattern a mix-up could survive. */
const noise = (seed: number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
};

/** What a net might have answered for a tile of a picture of noise. */
function restored(plan: StorePlan, index: number, masked: boolean): RestoredTile {
  const tile = planGrid(plan.grid).tile(index);
  const { width, height } = tile.read;
  // A pixel's source is the same in every tile that reads it.
  const samples = createSamples(plan.sourceType, width * height * plan.channels);
  const valid = new Uint8Array(width * height);
  for (let y = 0, i = 0, pixel = 0; y < height; y++)
    for (let x = 0; x < width; x++, pixel++) {
      const random = noise((tile.read.y + y) * 7919 + (tile.read.x + x) * 104729);
      valid[pixel] = random() < 0.8 ? 1 : 0;
      for (let channel = 0; channel < plan.channels; channel++, i++) samples[i] = random() * 200;
    }
  const random = noise(index + 1);
  const padded = { width: Math.ceil(width / 16) * 16, height: Math.ceil(height / 16) * 16 };
  const residual = Float32Array.from(
    { length: 3 * padded.width * padded.height },
    () => random() - 0.5,
  );
  const source: Raster = {
    width,
    height,
    channels: plan.channels,
    samples,
    ...(masked && { valid }),
  };
  return { tile, source, residual, ...padded, copied: undefined, flat: false };
}

/** The picture the canvas in memory makes of the same tiles. */
async function inMemory(plan: StorePlan, tiles: readonly RestoredTile[]): Promise<Samples> {
  const { width, height } = plan.grid;
  const whole = createSamples(plan.outputType, width * height * plan.channels);
  const canvas = openCanvas(planGrid(plan.grid));
  for (const tile of tiles) {
    const { blocks } = await lastValueFrom(of(tile).pipe(blend(canvas, { timeout: 60 })));
    for (const { rect, source, residual } of blocks) {
      const samples = quantise(source, residual, plan.radiometry, plan.outputType);
      for (let y = 0; y < rect.height; y++)
        whole.set(
          samples.subarray(y * rect.width * plan.channels, (y + 1) * rect.width * plan.channels),
          ((rect.y + y) * width + rect.x) * plan.channels,
        );
    }
  }
  return whole;
}

function gridOf(width: number, height: number, tile: number, halo: number): GridPlan {
  const size = { width, height, tile, halo, alignment: 16 };
  return { ...size, feather: planTiles(size).feather };
}

test("what is assembled from stored tiles is what the canvas in memory makes, byte for byte", async () => {
  const kinds: readonly [SampleType, SampleType, number][] = [
    ["uint8", "uint8", 3],
    ["uint16", "uint16", 4],
    ["uint8", "uint16", 1],
    ["float32", "float32", 3],
    ["int16", "int16", 5],
  ];
  const plans = fc.record({
    width: fc.integer({ min: 1, max: 150 }),
    height: fc.integer({ min: 1, max: 150 }),
    tile: fc.constantFrom(48, 64, 80),
    halo: fc.constantFrom(0, 16),
    kind: fc.constantFrom(...kinds),
    masked: fc.boolean(),
    seed: fc.nat(),
    cacheBytes: fc.constantFrom(0, 1e6),
  });
  await fc.assert(
    fc.asyncProperty(
      plans,
      async ({ width, height, tile, halo, kind, masked, seed, cacheBytes }) => {
        const [sourceType, outputType, channels] = kind;
        const grid = gridOf(width, height, tile, halo);
        const radiometry = plainRadiometry(channels, sourceType);
        const plan = { grid, channels, sourceType, outputType, radiometry };
        const random = noise(seed);
        const { count } = planGrid(grid);
        const order = Array.from({ length: count }, (_, i) => ({ i, key: random() }))
          .sort((a, b) => a.key - b.key)
          .map(({ i }) => restored(plan, i, masked));
        const expected = await inMemory(plan, order);

        const folder = await temporaryFolder();
        const tiles = await openTileStore(folder, { plan, identity, pool, threads: 2, signal });
        for (const one of order)
          await tiles.put({ ...one, residual: one.residual.slice() }, { signal });
        const again = await openTileStore(folder, { plan, identity, pool, threads: 2, signal });
        expect(again.count).toBe(count);
        const picture = openAssembled({ plan, fileOf: again.fileOf, cacheBytes });
        const all = await picture.read({ x: 0, y: 0, width, height }, { signal });
        expect(all.samples).toEqual(expected);
        const part: Rect = {
          x: Math.floor(random() * width),
          y: Math.floor(random() * height),
          width: 1,
          height: 1,
        };
        const line = { ...part, x: 0, width };
        const row = await picture.read(line, { signal });
        const from = line.y * width * channels;
        expect(row.samples).toEqual(expected.slice(from, from + width * channels));
        const pixel = await picture.read(part, { signal });
        const at = (part.y * width + part.x) * channels;
        expect(pixel.samples).toEqual(expected.slice(at, at + channels));
      },
    ),
    { numRuns: 40 },
  );
});

test("a tile that is torn, of another run, or another tile's is not there", async () => {
  const grid = gridOf(150, 100, 64, 16);
  const radiometry = plainRadiometry(3, "uint8");
  const plan: StorePlan = {
    grid,
    channels: 3,
    sourceType: "uint8",
    outputType: "uint8",
    radiometry,
  };
  const folder = await temporaryFolder();
  const options = { plan, identity, pool, threads: 2, signal };
  const store = await openTileStore(folder, options);
  const { count } = planGrid(grid);
  for (let i = 0; i < count; i++) await store.put(restored(plan, i, false), { signal });
  const { readFile, writeFile, copyFile } = await import("node:fs/promises");
  const whole = await readFile(store.fileOf(0));
  for (let at = 0; at < whole.length; at += 97) {
    const flipped = Buffer.from(whole);
    flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
    await writeFile(store.fileOf(0), flipped);
    expect((await openTileStore(folder, options)).has(0)).toBe(false);
    await writeFile(store.fileOf(0), whole.subarray(0, at));
    const torn = await openTileStore(folder, options);
    expect([torn.has(0), torn.count, torn.refused]).toEqual([false, count - 1, 1]);
  }
  await writeFile(store.fileOf(0), Buffer.concat([whole, Buffer.alloc(8)]));
  expect((await openTileStore(folder, options)).has(0)).toBe(false);
  await copyFile(store.fileOf(1), store.fileOf(0));
  expect((await openTileStore(folder, options)).has(0)).toBe(false);
  await writeFile(store.fileOf(0), whole);
  expect((await openTileStore(folder, options)).count).toBe(count);
  const other = { ...options, identity: identity.replace("00", "01") };
  expect((await openTileStore(folder, other)).count).toBe(0);
  // What no tile of the grid can be is not believed either.
  await copyFile(store.fileOf(0), join(folder, "tiles", "000000", "000999.tile"));
  expect((await openTileStore(folder, options)).count).toBe(count);
});
