import { describe, expect, test } from "vitest";
import { reblur } from "../../../src/model/blur/reblur.ts";
import type { PairJob, PairRecipe, TrainingPair } from "../../../src/operators/pairs/synthesize.ts";
import { makePair } from "../../../src/tools/train/make-pair.ts";
import { noise } from "../../io/sources/images.ts";

const recipe: PairRecipe = {
  seed: 6,
  size: 24,
  kernelSize: 7,
  gammas: [1],
  noise: 0,
  keepKernels: true,
};
const picture = (side: number, seed = 1) =>
  noise({ width: side, height: side, channels: 3, bits: 8 }, seed) as Uint8Array<ArrayBuffer>;
const job = (index: number, more: Partial<PairRecipe> = {}, side = 24): PairJob => ({
  index,
  patch: { side, sharp: picture(side), blurry: undefined },
  recipe: { ...recipe, ...more },
});

/** The largest difference of the blurry picture from sharp ⊗ kernels, `inside` pixels from its edge. */
function mismatch(
  { size, sharp, blurry, kernels }: TrainingPair,
  gamma: number,
  inside = 0,
): number {
  const light = { width: size, height: size, values: sharp.map((v) => v ** gamma) };
  const options = { kernelSize: 7, border: "replicate" } as const;
  const again = reblur(light, kernels as Float32Array, options).map(
    (v) => Math.max(0, v) ** (1 / gamma),
  );
  const at = (i: number) => [Math.floor(i / size) % size, i % size] as const;
  const seen = ([y, x]: readonly [number, number]) =>
    Math.min(x, y, size - 1 - x, size - 1 - y) >= inside;
  return again.reduce(
    (most, v, i) => (seen(at(i)) ? Math.max(most, Math.abs(v - (blurry[i] as number))) : most),
    0,
  );
}

/** Each kernel of a field, turned by 90 degrees. */
const turned90 = (field: Float32Array) =>
  field.map((_, i) => {
    const [tap, place] = [Math.floor(i / 576), i % 576];
    return field[((tap % 7) * 7 + 6 - Math.floor(tap / 7)) * 576 + place] as number;
  });

const halfStep = 0.5 / 255 + 1e-6;
const indexes = [...Array(30).keys()];

describe("a synthetic pair", () => {
  test.each([1, 2.2])("equals ⊗ at gamma %d, up to the rounding to 8 bits", (gamma) => {
    for (const index of indexes) {
      const pair = makePair(job(index, { gammas: [gamma] }));
      expect(mismatch(pair, gamma)).toBeLessThan(halfStep);
      expect(pair.blurry).not.toEqual(pair.sharp);
    }
  });

  test("with its surroundings equals ⊗ half a kernel from the edge", () => {
    let differ = 0;
    for (const index of indexes) {
      const pair = makePair(job(index, {}, 30));
      expect(pair.sharp.length).toBe(3 * 24 * 24);
      expect(mismatch(pair, 1, 3)).toBeLessThan(halfStep);
      if (mismatch(pair, 1) > 0.05) differ++;
    }
    expect(differ).toBeGreaterThan(15);
  });

  test("draws one of the gammas for each pair", () => {
    const pairs = indexes.map((index) => makePair(job(index, { gammas: [1, 2.2] })));
    const linear = pairs.filter((pair) => mismatch(pair, 1) < halfStep).length;
    const encoded = pairs.filter((pair) => mismatch(pair, 2.2) < halfStep).length;
    expect(linear).toBeGreaterThan(5);
    expect(encoded).toBeGreaterThan(5);
    expect(linear + encoded).toBe(30);
  });

  test("has noise up to the deviation asked for, and eight bits", () => {
    const deviations = indexes.map((index) => {
      const clean = makePair(job(index)).blurry;
      const noisy = makePair(job(index, { noise: 0.1 })).blurry;
      for (const value of noisy) expect(value).toBe(Math.fround(Math.round(255 * value) / 255));
      return Math.sqrt(
        noisy.reduce((sum, v, i) => sum + (v - (clean[i] as number)) ** 2, 0) / noisy.length,
      );
    });
    expect(Math.max(...deviations)).toBeLessThan(0.105);
    expect(Math.max(...deviations)).toBeGreaterThan(0.06);
    expect(Math.min(...deviations)).toBeLessThan(0.03);
  });

  test("depends on seed and index alone", () => {
    expect(makePair(job(3))).toEqual(makePair(job(3)));
    const others = [job(4), job(3, { seed: 7 })].map(makePair);
    for (const other of others) expect(other.blurry).not.toEqual(makePair(job(3)).blurry);
  });

  test("keeps kernels only if asked", () => {
    expect(makePair(job(0)).kernels?.length).toBe(49 * 24 * 24);
    expect(makePair(job(0, { keepKernels: false })).kernels).toBeUndefined();
  });

  test.each([1, 2, 4])("has the kernels at the centres of cells of %d pixels", (cellStride) => {
    let apart = 0;
    for (const index of indexes) {
      const pair = makePair(job(index, { cellStride }));
      const [cells, plane] = [24 / cellStride, 24 * 24];
      expect(pair.cellKernels?.length).toBe(49 * cells * cells);
      const middle = (cellStride - 1) / 2;
      for (let cell = 0; cell < cells * cells; cell++) {
        const row = Math.floor(cell / cells) * cellStride + middle;
        const column = (cell % cells) * cellStride + middle;
        for (let tap = 0; tap < 49; tap++) {
          const at = (y: number, x: number) => pair.kernels?.[tap * plane + y * 24 + x] as number;
          const corners = [Math.floor, Math.ceil].flatMap((y) =>
            [Math.floor, Math.ceil].map((x) => at(y(row), x(column))),
          );
          const mean = corners.reduce((sum, v) => sum + v, 0) / 4;
          apart = Math.max(apart, Math.abs((pair.cellKernels?.[cell * 49 + tap] ?? 9) - mean));
        }
      }
    }
    expect(apart).toBeLessThan(1e-6);
  });

  test("reblurs with the kernels of its cells almost to the blurry picture", () => {
    const taps = 49;
    for (const index of indexes.slice(0, 10)) {
      const pair = makePair(job(index, { cellStride: 2 }));
      const nearest = Float32Array.from({ length: taps * 24 * 24 }, (_, i) => {
        const [tap, y, x] = [Math.floor(i / 576), Math.floor((i % 576) / 24), i % 24];
        return pair.cellKernels?.[((y >> 1) * 12 + (x >> 1)) * taps + tap] as number;
      });
      const apart = mismatch({ ...pair, kernels: nearest }, 1);
      // Unlike kernels at random, these differ from a pixel's own by half a pixel's way at most.
      expect(apart).toBeLessThan(0.25);
      expect(apart).toBeLessThan(mismatch({ ...pair, kernels: turned90(nearest) }, 1));
    }
  });

  test("keeps its numbers where no files are simulated, and loses detail where they are", () => {
    const none = { keepKernels: false };
    let changed = 0;
    for (const index of indexes) {
      const plain = makePair(job(index, none));
      const some = makePair(job(index, { ...none, jpeg: 0.5 }));
      const all = makePair(job(index, { ...none, jpeg: 1 }));
      expect(some.sharp).toEqual(plain.sharp);
      expect(all.blurry).not.toEqual(plain.blurry);
      for (const value of all.blurry)
        expect(value).toBe(Math.fround(Math.round(255 * value) / 255));
      if (`${some.blurry}` !== `${plain.blurry}`) changed++;
    }
    expect(changed).toBeGreaterThan(7);
    expect(changed).toBeLessThan(23);
  });

  test("with surroundings that are not half a kernel is refused", () => {
    expect(() => makePair(job(0, {}, 28))).toThrow("expected a field of");
  });
});

describe("turning and flipping", () => {
  // Two sides of two colours and a corner: no two of the eight ways look alike.
  const stored = new Uint8Array(3 * 4).fill(0);
  stored.set([10, 11, 12], 0);
  stored.set([20, 21, 22], 3);
  const turned = indexes.map((index) => {
    const patch = { side: 2, sharp: stored.slice(), blurry: stored.slice() };
    return makePair({ index, patch, recipe: { ...recipe, size: 2 } });
  });

  test("shows each of the eight ways", () => {
    const ways = turned.map(({ sharp }) =>
      [...sharp.subarray(0, 4)].map((v) => Math.round(255 * v)),
    );
    expect(new Set(ways.map((way) => way.join(" ")))).toEqual(
      new Set([
        "10 20 0 0",
        "20 10 0 0",
        "0 0 10 20",
        "0 0 20 10",
        "10 0 20 0",
        "20 0 10 0",
        "0 10 0 20",
        "0 20 0 10",
      ]),
    );
  });

  test("transforms both images of a real pair and all colours alike, without other changes", () => {
    for (const { sharp, blurry, kernels } of turned) {
      expect(blurry).toEqual(sharp);
      expect(kernels).toBeUndefined();
      const colours = [0, 1, 2].map((c) => [...sharp.subarray(4 * c, 4 * c + 4)]);
      for (const c of [1, 2]) {
        const expected = colours[0]?.map((v) =>
          v === 0 ? 0 : Math.fround((Math.round(255 * v) + c) / 255),
        );
        expect(colours[c]).toEqual(expected);
      }
    }
  });
});
