/** Pictures with restored tiles, in memory, and what the pipe in memory makes of them. */
import fc from "fast-check";
import { valueSymbol } from "piscina";
import { quantise } from "../../../src/image/quantise.ts";
import { plainRadiometry } from "../../../src/image/radiometry.ts";
import { crop, type Raster } from "../../../src/image/raster.ts";
import { createSamples, type Samples, type SampleType } from "../../../src/image/samples.ts";
import { widestFeather } from "../../../src/image/tiling/axis.ts";
import { openCanvas } from "../../../src/image/tiling/canvas.ts";
import { type GridPlan, planGrid } from "../../../src/image/tiling/grid.ts";
import type { Pool } from "../../../src/io/pool/pool.ts";
import type { StorePlan } from "../../../src/io/store/store-plan.ts";
import { checkTileFile, readTileFiles, storeTileFile } from "../../../src/io/store/tile-tasks.ts";
import type { Disk } from "../../../src/io/system/disk.ts";
import type { RestoredTile } from "../../../src/operators/stages/tile.ts";
import { seeded } from "../../operators/fakes.ts";

/** A pool that runs the tasks of stored tiles on this thread and on `disk`. */
export function poolOn(disk: Disk): Pool {
  const tasks = { checkTileFile, readTileFiles, storeTileFile };
  return {
    threads: 2,
    close: async () => {},
    async run(task, job) {
      const answer = tasks[task as keyof typeof tasks](job as never, disk);
      // Between threads piscina unwraps what moves.
      return (valueSymbol in answer ? answer[valueSymbol] : answer) as never;
    },
  };
}

/** Noise over the whole range of an integer type, in and around 0..1 for a float. */
export function noiseRaster(image: StorePlan, seed: number, masked: boolean): Raster {
  const { grid, channels, sourceType } = image;
  const { width, height } = grid;
  const random = seeded(seed);
  const samples = createSamples(sourceType, width * height * channels);
  const [low, high] = image.radiometry.range;
  for (let i = 0; i < samples.length; i++) samples[i] = low + random() * (high - low);
  if (!masked) return { width, height, channels, samples };
  const valid = Uint8Array.from({ length: width * height }, () => (random() < 0.9 ? 1 : 0));
  return { width, height, channels, samples, valid };
}

/** A tile whose residual depends on its index alone, of magnitudes that make float addition order-dependent. */
export function restoredTile(plan: GridPlan, whole: Raster, index: number): RestoredTile {
  const tile = planGrid(plan).tile(index);
  const [width, height] = [tile.read.width, tile.read.height].map((n) => Math.ceil(n / 16) * 16);
  const random = seeded(index + 1);
  const residual = Float32Array.from(
    { length: 3 * (width as number) * (height as number) },
    () => (random() - 0.5) * 10 ** (random() * 6 - 5),
  );
  const size = { width: width as number, height: height as number };
  return {
    tile,
    source: crop(whole, tile.read),
    residual,
    ...size,
    copied: undefined,
    flat: false,
  };
}

/** All tiles blended in memory and quantised block by block. */
export function inMemory(image: StorePlan, whole: Raster): Samples {
  const { grid: plan, channels, outputType, radiometry } = image;
  const grid = planGrid(plan);
  const canvas = openCanvas(grid);
  const out = createSamples(outputType, plan.width * plan.height * channels);
  for (let index = 0; index < grid.count; index++) {
    for (const { rect, residual } of canvas.add(index, restoredTile(plan, whole, index))) {
      const samples = quantise(crop(whole, rect), residual, radiometry, outputType);
      const line = rect.width * channels;
      for (let y = 0; y < rect.height; y++) {
        const to = ((rect.y + y) * plan.width + rect.x) * channels;
        out.set(samples.subarray(y * line, (y + 1) * line), to);
      }
    }
  }
  return out;
}

const types: readonly [SampleType, SampleType][] = [
  ["uint8", "uint8"],
  ["uint8", "uint16"],
  ["uint16", "uint8"],
  ["uint16", "uint16"],
  ["int16", "int16"],
  ["uint32", "uint32"],
  ["float32", "float32"],
  ["float64", "float64"],
];

/** Pictures of a few tiles, cut in any way a grid allows. */
export const images: fc.Arbitrary<StorePlan> = fc
  .record({
    width: fc.integer({ min: 1, max: 120 }),
    height: fc.integer({ min: 1, max: 120 }),
    halo: fc.constantFrom(0, 16),
    core: fc.constantFrom(16, 32, 48),
    feather: fc.integer({ min: 0, max: 16 }),
    channels: fc.integer({ min: 1, max: 5 }),
    types: fc.constantFrom(...types),
  })
  .map(({ width, height, halo, core, feather, channels, types: [sourceType, outputType] }) => {
    const cuts = { width, height, tile: core + 2 * halo, halo, alignment: 16 };
    const { across, down } = planGrid({ ...cuts, feather: 0 });
    const widest = Math.min(widestFeather(across), widestFeather(down));
    return {
      grid: { ...cuts, feather: Math.min(feather, widest) },
      channels,
      sourceType,
      outputType,
      radiometry: plainRadiometry(channels, sourceType),
    };
  });

/** A picture of 12 tiles that meet on all sides. */
export const dozen: StorePlan = {
  grid: { width: 140, height: 100, tile: 64, halo: 16, feather: 8, alignment: 16 },
  channels: 3,
  sourceType: "uint8",
  outputType: "uint8",
  radiometry: plainRadiometry(3, "uint8"),
};
