/** Tests strength, mask and region against arithmetic: for each pixel, source + strength · (restored − source). */
import fc from "fast-check";
import { lastValueFrom } from "rxjs";
import { describe, expect, test } from "vitest";
import { bufferSink, bufferSource } from "../../src/image/buffer.ts";
import type { Radiometry } from "../../src/image/radiometry.ts";
import { createSamples, limitsOf, type SampleType } from "../../src/image/samples.ts";
import { deblurImage } from "../../src/pipeline/deblur-image.ts";
import type { DeblurImageOptions } from "../../src/pipeline/deblur-image-options.ts";
import type { Rect } from "../../src/rect.ts";
import { fakeEngine, type Net, seeded } from "../operators/fakes.ts";

const size = { width: 150, height: 90 };
const count = size.width * size.height;
const cuts = { tile: 64, halo: 16 };

/** Changes every pixel by its own distance to grey: local, so that tiles are alike. */
const net: Net = (pixels) => ({ residual: pixels.map((x) => 0.4 * (0.5 - x)), rms: 0.1 });

async function restore(
  image: { channels: 1 | 2 | 3 | 4; type: SampleType; radiometry?: Radiometry },
  options: DeblurImageOptions,
  seed = 1,
) {
  const { channels, type, radiometry } = image;
  const random = seeded(seed);
  const samples = createSamples(type, count * channels);
  const [, most] = type === "float32" ? [0, 1] : limitsOf(type);
  for (let i = 0; i < samples.length; i++) samples[i] = random() * most;
  const source = bufferSource({ ...size, channels, samples }, radiometry);
  const sink = bufferSink(source);
  let restored = 0;
  const engine = fakeEngine((...words) => {
    restored++;
    return net(...words);
  });
  await lastValueFrom(deblurImage(source, sink, engine, { ...cuts, ...options }));
  return { before: samples, after: sink.samples, restored };
}

describe("strength", () => {
  const kinds = [
    { channels: 1, type: "uint8" },
    { channels: 3, type: "uint8" },
    { channels: 4, type: "uint8" },
    { channels: 3, type: "uint16" },
    { channels: 2, type: "uint16" },
    { channels: 3, type: "float32" },
  ] as const;

  test.each(kinds)("scales the change of $channels × $type", async (kind) => {
    const full = await restore(kind, {});
    for (const strength of [0, 0.25, 0.5, 1.5]) {
      const { before, after, restored } = await restore(kind, { strength });
      if (strength === 0) expect([after, restored]).toEqual([before, 0]);
      const unit = kind.type === "float32" ? 1e-6 : 0.5 + 0.5 * strength + 1e-3;
      const [least, most] = kind.type === "float32" ? [-2, 2] : limitsOf(kind.type);
      let off = 0;
      for (let i = 0; i < before.length; i++) {
        const [was, is] = [before[i] as number, full.after[i] as number];
        const expected = Math.min(most, Math.max(least, was + strength * (is - was)));
        off = Math.max(off, Math.abs((after[i] as number) - expected));
      }
      expect(off).toBeLessThanOrEqual(unit);
    }
  });

  test("leaves alpha, and pixels without data, bit for bit", async () => {
    const radiometry = { colours: [0, 1, 2], range: [0, 255], nodata: 7 } as const;
    const { before, after } = await restore(
      { channels: 4, type: "uint8", radiometry },
      { strength: 1.5 },
    );
    for (let pixel = 0; pixel < count; pixel++) {
      const at = 4 * pixel;
      expect(after[at + 3]).toBe(before[at + 3]);
      if ([0, 1, 2].some((band) => before[at + band] === 7)) {
        expect(after.slice(at, at + 4)).toEqual(before.slice(at, at + 4));
      }
    }
  });

  test.each([-0.1, 1.51, Number.NaN, "1"])("of %s is refused", async (strength) => {
    await expect(
      restore({ channels: 3, type: "uint8" }, { strength: strength as number }),
    ).rejects.toThrow(/Expected a number from 0 to 1.5 for strength but received/);
  });
});

describe("a mask", () => {
  test("scales each pixel's change, and black tiles never reach the engine", async () => {
    const values = Uint8Array.from({ length: count }, (_, i) =>
      i % size.width < 100 ? 0 : (i * 31) % 256,
    );
    const mask = bufferSource({ ...size, channels: 1, samples: values });
    const kind = { channels: 3, type: "uint16" } as const;
    const full = await restore(kind, {});
    const { before, after, restored } = await restore(kind, { mask });
    let off = 0;
    for (let i = 0; i < before.length; i++) {
      const share = (values[Math.floor(i / 3)] as number) / 255;
      const [was, is] = [before[i] as number, full.after[i] as number];
      if (share === 0) expect(after[i]).toBe(was);
      off = Math.max(off, Math.abs((after[i] as number) - (was + share * (is - was))));
    }
    expect(off).toBeLessThanOrEqual(1.001);
    expect(restored).toBeLessThan(full.restored);
    expect(restored).toBeGreaterThan(0);
  });

  test("of another size is refused", async () => {
    const mask = bufferSource({ width: 10, height: 10, channels: 1, samples: new Uint8Array(100) });
    await expect(restore({ channels: 3, type: "uint8" }, { mask })).rejects.toThrow(
      "Expected a mask of 150×90 pixels but received 10×10",
    );
  });
});

describe("a region", () => {
  test("changes nothing outside, everything well inside, for any rectangle", async () => {
    const kind = { channels: 3, type: "uint8" } as const;
    const full = await restore(kind, {});
    const rect: fc.Arbitrary<Rect> = fc
      .tuple(fc.nat(size.width - 40), fc.nat(size.height - 40))
      .chain(([x, y]) =>
        fc.record({
          ...{ x: fc.constant(x), y: fc.constant(y) },
          width: fc.integer({ min: 1, max: size.width - x }),
          height: fc.integer({ min: 1, max: size.height - y }),
        }),
      );
    await fc.assert(
      fc.asyncProperty(rect, async (region) => {
        const { before, after } = await restore(kind, { region });
        for (let i = 0; i < before.length; i++) {
          const pixel = Math.floor(i / 3);
          const [x, y] = [
            (pixel % size.width) - region.x,
            Math.floor(pixel / size.width) - region.y,
          ];
          const inside = Math.min(x, y, region.width - 1 - x, region.height - 1 - y);
          if (inside < 0) expect(after[i]).toBe(before[i]);
          if (inside >= 16) expect(after[i]).toBe(full.after[i]);
        }
      }),
      { numRuns: 12 },
    );
  });

  test.each<[Rect]>([
    [{ x: 0, y: 0, width: 151, height: 10 }],
    [{ x: -1, y: 0, width: 10, height: 10 }],
    [{ x: 0, y: 0, width: 0, height: 10 }],
    [{ x: 0.5, y: 0, width: 10, height: 10 }],
    [{ x: 140, y: 80, width: 10, height: 11 }],
  ])("%j is refused", async (region) => {
    await expect(restore({ channels: 3, type: "uint8" }, { region })).rejects.toThrow(
      /Expected a region inside 150×90 pixels but received/,
    );
  });
});

describe("strength, mask and region at scale 2 and auto", () => {
  test.each([2, "auto"] as const)("leave pixels outside untouched: %s", async (scale) => {
    const region = { x: 20, y: 10, width: 70, height: 50 };
    const options = {
      region,
      strength: 0.5,
      scale,
      tile: scale === "auto" ? 256 : 64,
      halo: 32 - (scale === 2 ? 16 : 0),
    };
    const { before, after } = await restore({ channels: 3, type: "uint8" }, options);
    let changed = 0;
    for (let i = 0; i < before.length; i++) {
      const pixel = Math.floor(i / 3);
      const [x, y] = [pixel % size.width, Math.floor(pixel / size.width)];
      const inside = x >= 20 && x < 90 && y >= 10 && y < 60;
      if (!inside) expect(after[i]).toBe(before[i]);
      else if (after[i] !== before[i]) changed++;
    }
    expect(changed).toBeGreaterThan(1000);
  });
});
