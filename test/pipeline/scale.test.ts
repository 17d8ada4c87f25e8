/** Tests the scales at which an image is restored: whole images and tiles give the same. */
import { lastValueFrom, toArray } from "rxjs";
import { describe, expect, test } from "vitest";
import { TileError } from "../../src/errors.ts";
import { planPoints } from "../../src/image/point-grid.ts";
import { enlargePlanes } from "../../src/image/scale/enlarge.ts";
import { reducePlanes } from "../../src/image/scale/reduce.ts";
import type { Scale } from "../../src/image/tiling/grid.ts";
import type { Engine } from "../../src/model/engine.ts";
import { openCopyEngine } from "../../src/model/engines/copy.ts";
import type { Sample } from "../../src/operators/samples/sample-field.ts";
import type { Progress } from "../../src/operators/stages/tile.ts";
import { deblurImage } from "../../src/pipeline/deblur-image.ts";
import type { DeblurImageOptions } from "../../src/pipeline/deblur-image-options.ts";
import {
  fakeEngine,
  type Image,
  type MemorySink,
  memoryConvert,
  memorySink,
  memorySource,
  type Net,
  noiseImage,
  seeded,
} from "../operators/fakes.ts";

async function run(
  picture: Image,
  engine: Engine,
  options: DeblurImageOptions,
): Promise<{ sink: MemorySink; reports: Progress[] }> {
  const sink = memorySink(picture);
  const convert = memoryConvert(picture.bits);
  const tiles = deblurImage(memorySource(picture), sink, engine, { convert, ...options });
  return { sink, reports: await lastValueFrom(tiles.pipe(toArray())) };
}

/** Sharpens by what a pixel differs from its four neighbours: a net that sees one pixel around. */
const sharpen: Net = (pixels, height, width) => {
  const residual = new Float32Array(pixels.length);
  const at = (plane: number, y: number, x: number): number => {
    const [row, column] = [
      Math.min(height - 1, Math.max(0, y)),
      Math.min(width - 1, Math.max(0, x)),
    ];
    return pixels[(plane * height + row) * width + column] as number;
  };
  for (let i = 0; i < pixels.length; i++) {
    const [x, row] = [i % width, Math.floor(i / width)];
    const [plane, y] = [Math.floor(row / height), row % height];
    const around =
      at(plane, y - 1, x) + at(plane, y + 1, x) + at(plane, y, x - 1) + at(plane, y, x + 1);
    residual[i] = 0.4 * (at(plane, y, x) - around / 4);
  }
  return { residual, rms: 0 };
};

/** Fine noise, which half size averages away, beside waves of 12 pixels, of which half size sees more change. */
function mixedImage(width: number, height: number): Image {
  const random = seeded(3);
  const samples = new Uint16Array(3 * width * height);
  for (let i = 0; i < samples.length; i++) {
    const [pixel, channel] = [Math.floor(i / 3), i % 3];
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const isFine = (Math.floor(x / 150) + Math.floor(y / 110)) % 2 === 0;
    const wave = Math.sin((x + channel) / 2) * Math.cos(y / 2);
    samples[i] = 32768 + 16000 * (isFine ? random() - 0.5 : wave);
  }
  return { width, height, channels: 3, bits: 16, samples };
}

function greatestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);
}

/** Rounding of float32 in sums of a few terms below 1. */
const rounding = 1e-6;

describe("a net that changes nothing", () => {
  const sizes = [
    [1, 1],
    [31, 37],
    [197, 131],
  ] as const;
  const tilings = [
    [2, 16, 0],
    [2, 64, 16],
    [4, 16, 0],
    [4, 48, 16],
    ["auto", 256, 32],
    ["auto", 320, 64],
  ] as const;
  test.each(
    sizes.flatMap(([width, height]) => tilings.map((cut) => [width, height, ...cut] as const)),
  )(
    "returns %i×%i bit for bit at scale %s, tile %i, halo %i",
    async (width, height, scale, tile, halo) => {
      for (const channels of [1, 2, 3, 4] as const) {
        for (const bits of [8, 16] as const) {
          const picture = noiseImage({ width, height, channels, bits }, width + channels);
          const { sink } = await run(picture, openCopyEngine(), { scale, tile, halo });
          expect(Buffer.from(sink.samples.buffer).equals(Buffer.from(picture.samples.buffer))).toBe(
            true,
          );
          expect(sink.writes.every((n) => n === 1)).toBe(true);
        }
      }
    },
  );
});

describe("scales 2 and 4", () => {
  const picture = mixedImage(301, 205);

  test.each([2, 4] as const)("give what the whole image gives, reduced by %i", async (scale) => {
    const unit = 16 * scale;
    const size = { width: Math.ceil(301 / unit) * unit, height: Math.ceil(205 / unit) * unit };
    const source = { width: 301, height: 205, channels: 3, samples: picture.samples };
    const never = new AbortController().signal;
    const radiometry = { colours: [0, 1, 2], range: [0, 65535] } as const;
    const { pixels } = await memoryConvert(16)(source, size, { radiometry, signal: never });
    const small = reducePlanes({ ...size, residual: pixels }, scale);
    const { residual } = sharpen(small.residual, small.height, small.width);
    const expected = enlargePlanes({ ...small, residual }, scale).residual;
    const engine = fakeEngine(sharpen);
    const { sink } = await run(picture, engine, { scale, tile: 512 });
    for (let i = 0; i < sink.residual.length; i++) {
      const [x, row] = [i % 301, Math.floor(i / 301)];
      const line = Math.floor(row / 205) * size.height + (row % 205);
      if (sink.residual[i] !== expected[line * size.width + x]) expect.fail(`differs at ${i}`);
    }
    expect(engine.liveHandles()).toBe(0);
  });

  test.each([
    [2, 48, 16, 8],
    [2, 64, 16, 24],
    [2, 80, 32, undefined],
    [2, 112, 16, undefined],
    [4, 48, 16, undefined],
    [4, 64, 16, 48],
  ] as const)(
    "scale %i at tile %i, halo %i, feather %s equals one tile",
    async (scale, tile, halo, feather) => {
      const cut = { tile, halo, ...(feather !== undefined && { feather }) };
      const { sink, reports } = await run(picture, fakeEngine(sharpen), { scale, ...cut });
      const { sink: whole } = await run(picture, fakeEngine(sharpen), { scale, tile: 512 });
      expect(reports.length).toBeGreaterThan(1);
      expect(greatestDifference(sink.residual, whole.residual)).toBeLessThan(rounding);
    },
  );

  test("keep the restored image within black and white", async () => {
    const high = noiseImage({ width: 96, height: 80, channels: 3, bits: 16 }, 5);
    const strong: Net = (pixels) => ({
      residual: pixels.map((x) => (x > 0.5 ? 1 : 0) - x),
      rms: 0,
    });
    const { sink } = await run(high, fakeEngine(strong), { scale: 2, tile: 64, halo: 16 });
    for (let i = 0; i < high.samples.length; i++) {
      const plane = (i % 3) * 96 * 80 + Math.floor(i / 3);
      const restored = (high.samples[i] as number) / 65535 + (sink.residual[plane] as number);
      expect(restored).toBeGreaterThan(-rounding);
      expect(restored).toBeLessThan(1 + rounding);
    }
  });
});

describe("scale auto", () => {
  const [width, height] = [700, 470];
  const picture = mixedImage(width, height);
  const atScale = async (scale: Scale, options: DeblurImageOptions = {}) =>
    (await run(picture, fakeEngine(sharpen), { scale, tile: 1024, ...options })).sink.residual;

  test("takes half size where it changes more than 1.2 times as much, in cells of 128 pixels", async () => {
    const [full, half] = [await atScale(1), await atScale(2)];
    const auto = await atScale("auto");
    // The last cell of an axis ends with the image: 700 is 5.47 cells, 470 is 3.67.
    const [across, down] = [cellsOf(width, 5), cellsOf(height, 4)];
    const chosen = down.map((rows) =>
      across.map((columns) => {
        const energy = (planes: Float32Array) => energyIn(planes, columns, rows);
        return energy(half) > 1.2 * energy(full) ? 1 : 0;
      }),
    );
    expect(new Set(chosen.flat())).toEqual(new Set([0, 1]));
    const expected = full.map((one, i) => {
      const [x, row] = [i % width, Math.floor(i / width)];
      let share = 0;
      for (const [r, line] of chosen.entries()) {
        for (const [c, isHalf] of line.entries()) {
          share += isHalf * shareOf(across, c, x) * shareOf(down, r, row % height);
        }
      }
      return one + share * ((half[i] as number) - one);
    });
    expect(greatestDifference(auto, expected)).toBeLessThan(rounding);
  });

  test.each([
    [256, 32],
    [288, 48],
    [384, 64],
    [512, 32],
    [640, 32],
    [400, 80],
  ])("at tile %i, halo %i equals one tile", async (tile, halo) => {
    const engine = fakeEngine(sharpen);
    const { sink, reports } = await run(picture, engine, { scale: "auto", tile, halo });
    expect(reports.length).toBeGreaterThan(1);
    expect(greatestDifference(sink.residual, await atScale("auto"))).toBeLessThan(rounding);
    expect(engine.liveHandles()).toBe(0);
  });

  test.each([0, 1])("copies and reports a tile that fails at pass %i of a tile", async (pass) => {
    let calls = 0;
    // Two passes a tile: with one tile in flight, those of the second tile are calls 2 and 3.
    const failing: Net = (...tile) => {
      if (calls++ === 2 + pass) throw new Error("on fire");
      return sharpen(...tile);
    };
    const options = { scale: "auto", tile: 256, halo: 32, inFlight: 1 } as const;
    const { sink, reports } = await run(picture, fakeEngine(failing), {
      ...options,
      onTileError: "copy",
    });
    const copied = reports.filter((it) => it.copied);
    expect(copied.map(({ tile }) => tile.index)).toEqual([1]);
    expect(copied[0]?.copied).toBeInstanceOf(TileError);
    // The middle of the second cell of the first row.
    expect(sink.residual[64 * width + 192]).toBe(0);
  });

  test("leaves a tile that is sharp at full size as it is, without a pass at half size", async () => {
    let calls = 0;
    const counting: Net = (...tile) => {
      calls++;
      return sharpen(...tile);
    };
    const noise = noiseImage({ width: 300, height: 200, channels: 3, bits: 8 });
    // A fake kernel is one tap here, above 0, so its radius is 0.
    const still = { ...noise, samples: noise.samples.map((sample) => Math.max(1, sample)) };
    const engine = fakeEngine(counting, undefined, { size: 1, stride: 4 });
    const { reports } = await run(still, engine, { scale: "auto", skipSharp: true });
    expect(reports.map(({ sharp }) => sharp)).toEqual([true]);
    expect(calls).toBe(0);
    expect(engine.liveHandles()).toBe(0);
  });

  interface Cell {
    readonly start: number;
    readonly end: number;
  }

  function cellsOf(length: number, count: number): Cell[] {
    return Array.from({ length: count }, (_, i) => ({
      start: 128 * i,
      end: i === count - 1 ? length : 128 * (i + 1),
    }));
  }

  function energyIn(planes: Float32Array, columns: Cell, rows: Cell): number {
    let sum = 0;
    for (let channel = 0; channel < 3; channel++) {
      for (let y = rows.start; y < rows.end; y++) {
        for (let x = columns.start; x < columns.end; x++) {
          sum += (planes[(channel * height + y) * width + x] as number) ** 2;
        }
      }
    }
    return sum;
  }

  /** A raised cosine over 16 pixels on each side of a border between cells. */
  function shareOf(cells: readonly Cell[], index: number, position: number): number {
    const rise = (border: number) => {
      const along = Math.min(1, Math.max(0, (position + 0.5 - border + 16) / 32));
      return (1 - Math.cos(Math.PI * along)) / 2;
    };
    const { start, end } = cells[index] as Cell;
    const rising = index === 0 ? 1 : rise(start);
    const falling = index === cells.length - 1 ? 1 : 1 - rise(end);
    return rising * falling;
  }
});

describe("options", () => {
  const picture = noiseImage({ width: 40, height: 40, channels: 3, bits: 8 });
  const open = (options: DeblurImageOptions) => () =>
    deblurImage(memorySource(picture), memorySink(picture), openCopyEngine(), options);

  test("an unknown scale, and lengths without room for a cell, are refused", () => {
    expect(open({ scale: 3 as 2 })).toThrow(
      "Expected one of 1, 2, 4, auto for scale but received 3",
    );
    expect(open({ scale: "auto", tile: 240 })).toThrow(
      "Expected an integer from 256 up that is a multiple of 16 for tile but received 240",
    );
    expect(open({ scale: "auto", halo: 16 })).toThrow(
      "Expected an integer from 32 up that is a multiple of 16 for halo but received 16",
    );
  });
});

describe("kernels of a reduced tile", () => {
  const picture = noiseImage({ width: 200, height: 100, channels: 3, bits: 16 }, 9);
  const field = { size: 3, stride: 4 };

  test.each([
    [2, 64],
    [2, 512],
    [4, 48],
  ] as const)(
    "are sampled where they lie in the image, at scale %i, tile %i",
    async (scale, tile) => {
      const points = planPoints({ width: 200, height: 100, spacing: 10 });
      const found = new Float32Array(points.columns * points.rows);
      const onSample = ({ points: { x, y, width, height }, values }: Sample) => {
        for (let row = 0; row < height; row++) {
          const line = values.subarray(row * width, (row + 1) * width);
          found.set(line, (y + row) * points.columns + x);
        }
      };
      const sample = { sigma: [{ points, onSample }] };
      const engine = fakeEngine(sharpen, undefined, field);
      await run(picture, engine, { scale, tile, halo: 16, sample });
      // A fake σ is the red of its cell's first pixel, here the mean of a box.
      const side = field.stride * scale;
      const expected = Array.from(found, (_, i) => {
        const left = Math.floor(points.x(i % points.columns) / side) * side;
        const top = Math.floor(points.y(Math.floor(i / points.columns)) / side) * side;
        let sum = 0;
        for (let at = 0; at < scale ** 2; at++) {
          const pixel = (top + Math.floor(at / scale)) * 200 + left + (at % scale);
          sum += (picture.samples[3 * pixel] as number) / 65535;
        }
        return sum / scale ** 2;
      });
      expect(greatestDifference(found, Float32Array.from(expected))).toBeLessThan(rounding);
    },
  );

  test("receive noise for the place of the tile in the reduced image", async () => {
    const origins: unknown[] = [];
    const engine = fakeEngine(sharpen);
    const recording: Engine = {
      ...engine,
      decodeFlow(codes, origin) {
        origins.push(origin);
        return engine.decodeFlow(codes, origin);
      },
    };
    await run(picture, recording, { scale: 2, tile: 64, halo: 16, inFlight: 1 });
    // In the image the tiles begin 64 apart.
    expect(origins).toEqual([
      { x: 0, y: 0 },
      { x: 32, y: 0 },
      { x: 64, y: 0 },
    ]);
  });

  test("count as sharp by what their radius is in the image", async () => {
    const engine = fakeEngine(sharpen, undefined, field);
    // Radius 0.4: the root of the mean square distance, here of 0.16 of the light one pixel away.
    const kernel = [0, 0.08, 0, 0, 0.84, 0, 0, 0.08, 0];
    const soft: Engine = {
      ...engine,
      sample: async (_, cells) => Float32Array.from(cells.flatMap(() => kernel)),
    };
    const marked = async (scale: Scale) =>
      (await run(picture, soft, { scale, skipSharp: true })).reports.map(({ sharp }) => sharp);
    expect(await marked(1)).toEqual([true]);
    expect(await marked(2)).toEqual([undefined]);
    expect(await marked("auto")).toEqual([true]);
  });
});
