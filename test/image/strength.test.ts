/** Tests the strength at each pixel against its definition, and that it does not depend on the rectangle read. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bufferSource } from "../../src/image/buffer.ts";
import { resized } from "../../src/image/resized.ts";
import { regionFeather, strengthOf } from "../../src/image/strength.ts";
import type { Rect } from "../../src/rect.ts";

const signal = new AbortController().signal;
const size = { width: 60, height: 40 };

function rectIn({ width, height }: { width: number; height: number }): fc.Arbitrary<Rect> {
  return fc
    .tuple(fc.nat(width - 1), fc.nat(height - 1))
    .chain(([x, y]) =>
      fc
        .tuple(fc.integer({ min: 1, max: width - x }), fc.integer({ min: 1, max: height - y }))
        .map(([w, h]) => ({ x, y, width: w, height: h })),
    );
}

const read = async (field: ReturnType<typeof strengthOf>, rect: Rect): Promise<number[]> => {
  const found = (await field?.read(rect, { signal })) ?? 1;
  const count = rect.width * rect.height;
  return typeof found === "number" ? new Array<number>(count).fill(found) : [...found];
};

describe("the strength", () => {
  test("is none to apply where it is 1 everywhere", () => {
    expect(strengthOf({ strength: 1 }, size)).toBeUndefined();
  });

  test("is the number times the mask's brightness times its alpha, for every depth", async () => {
    const cases = [
      { samples: Uint8Array.of(0, 255, 51, 204), channels: 1, expected: [0, 1, 0.2, 0.8] },
      { samples: Uint16Array.of(0, 65535, 13107, 52428), channels: 1, expected: [0, 1, 0.2, 0.8] },
      { samples: Float32Array.of(-1, 2, 0.2, Number.NaN), channels: 1, expected: [0, 1, 0.2, 0] },
      {
        samples: Uint8Array.of(255, 255, 255, 0, 255, 51, 51, 255),
        channels: 2,
        expected: [1, 0, 0.2, 0.2],
      },
      { samples: Uint8Array.of(255, 0, 0, 0, 255, 255), channels: 3, expected: [1 / 3, 2 / 3] },
      { samples: Uint8Array.of(255, 255, 255, 51, 0, 0, 0, 255), channels: 4, expected: [0.2, 0] },
    ];
    for (const { samples, channels, expected } of cases) {
      const width = expected.length;
      const mask = bufferSource({ width, height: 1, channels, samples });
      const field = strengthOf({ strength: 0.5, mask }, { width, height: 1 });
      const found = await read(field, { x: 0, y: 0, width, height: 1 });
      for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(0.5 * value, 6);
    }
  });

  test("in any rectangle is that of the whole, with mask and region", async () => {
    const mask = bufferSource({
      ...{ ...size, channels: 1 },
      samples: Uint8Array.from({ length: size.width * size.height }, (_, i) => (i * 37) % 256),
    });
    await fc.assert(
      fc.asyncProperty(rectIn(size), rectIn(size), fc.boolean(), async (region, rect, masked) => {
        const field = strengthOf({ strength: 1.5, region, ...(masked && { mask }) }, size);
        const whole = await read(field, { x: 0, y: 0, ...size });
        const part = await read(field, rect);
        for (let y = 0; y < rect.height; y++) {
          for (let x = 0; x < rect.width; x++) {
            expect(part[y * rect.width + x]).toBe(whole[(rect.y + y) * size.width + rect.x + x]);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test("is 0 outside a region, rises inside its edges but those of the image, and is whole within", async () => {
    const region = { x: 0, y: 4, width: 50, height: 36 };
    const whole = await read(strengthOf({ strength: 1, region }, size), { x: 0, y: 0, ...size });
    const at = (x: number, y: number) => whole[y * size.width + x] ?? Number.NaN;
    expect([at(0, 3), at(50, 20), at(59, 39)]).toEqual([0, 0, 0]);
    // Left and below the region ends with the image.
    expect([at(0, 30), at(20, 39), at(20, 4 + regionFeather)]).toEqual([1, 1, 1]);
    expect(at(20, 4)).toBeCloseTo(0.5 / 16, 6);
    expect(at(49, 39)).toBeCloseTo(0.5 / 16, 6);
    for (let y = 4; y < 20; y++) expect(at(20, y)).toBeGreaterThan(at(20, y - 1));
  });
});

describe("a mask of another size", () => {
  const gradient = (width: number, height: number) =>
    bufferSource({
      ...{ width, height, channels: 1 },
      samples: Float32Array.from(
        { length: width * height },
        (_, i) => (i % width) + 0.5 + 10 * Math.floor(i / width),
      ),
    });
  const whole = async (source: ReturnType<typeof resized>) => {
    const { width, height } = source;
    return [...(await source.read({ x: 0, y: 0, width, height }, { signal })).samples];
  };

  test("is the same source if the size is its own", () => {
    const source = gradient(4, 3);
    expect(resized(source, { width: 4, height: 3 })).toBe(source);
  });

  test("is the mean of areas where it is reduced", async () => {
    const found = await whole(resized(gradient(6, 4), { width: 3, height: 2 }));
    expect(found).toEqual([6, 8, 10, 26, 28, 30]);
    const uneven = await whole(resized(gradient(5, 1), { width: 2, height: 1 }));
    expect(uneven[0]).toBeCloseTo((0.5 + 1.5 + 0.5 * 2.5) / 2.5, 5);
    expect(uneven[1]).toBeCloseTo((0.5 * 2.5 + 3.5 + 4.5) / 2.5, 5);
  });

  test("is linear between pixels where it is enlarged", async () => {
    const found = await whole(resized(gradient(3, 1), { width: 6, height: 1 }));
    const expected = [0.5, 0.75, 1.25, 1.75, 2.25, 2.5];
    for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 6);
  });

  test("is the same for any rectangle read", async () => {
    for (const [from, to] of [
      [gradient(7, 5), { width: 23, height: 17 }],
      [gradient(31, 22), { width: 9, height: 8 }],
    ] as const) {
      const source = resized(from, to);
      const all = await whole(source);
      await fc.assert(
        fc.asyncProperty(rectIn(to), async (rect) => {
          const { samples } = await source.read(rect, { signal });
          for (const [i, value] of [...samples].entries()) {
            const [x, y] = [rect.x + (i % rect.width), rect.y + Math.floor(i / rect.width)];
            expect(value).toBe(all[y * to.width + x]);
          }
        }),
      );
    }
  });
});
