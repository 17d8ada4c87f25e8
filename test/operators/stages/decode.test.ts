import { lastValueFrom, of } from "rxjs";
import { describe, expect, test } from "vitest";
import type { Convert, ImageSource } from "../../../src/image/raster.ts";
import { decode } from "../../../src/operators/stages/decode.ts";
import type { DecodedTile, Tile } from "../../../src/operators/stages/tile.ts";
import { memoryConvert, memorySource, noiseImage } from "../fakes.ts";

const image = noiseImage({ width: 40, height: 30, channels: 3, bits: 8 });
const source = memorySource(image);
const rect = { x: 16, y: 16, width: 24, height: 14 };
const tile: Tile = { index: 0, read: rect, core: rect };
const options = { alignment: 16, timeout: 60 };

function decoded(from: ImageSource, convert: Convert): Promise<DecodedTile> {
  return lastValueFrom(of(tile).pipe(decode(from, convert, options)));
}

describe("decode", () => {
  test("reads the tile's rectangle and pads both sides to the alignment", async () => {
    const one = await decoded(source, memoryConvert(8));
    expect(one).toMatchObject({ tile, width: 32, height: 16 });
    expect(one.source.samples[0]).toBe(image.samples[(16 * 40 + 16) * 3]);
    expect(one.pixels.length).toBe(3 * 32 * 16);
  });

  test("a raster of the wrong size is an error, and nothing is converted", async () => {
    let converted = false;
    const convert: Convert = async (raster) => {
      converted = true;
      return { source: raster, pixels: new Float32Array(3 * 32 * 16) };
    };
    const other: ImageSource = { ...source, read: () => source.read({ ...rect, width: 8 }, never) };
    await expect(decoded(other, convert)).rejects.toThrow(
      "tile 24×14 at (16, 16), stage decode: " +
        "expected 24×14×3 samples but received 336 as 8×14×3",
    );
    const short: ImageSource = {
      ...source,
      read: async () => ({ ...rect, channels: 3, samples: new Uint8Array(5) }),
    };
    await expect(decoded(short, convert)).rejects.toThrow(
      "expected 24×14×3 samples but received 5 as 24×14×3",
    );
    expect(converted).toBe(false);
  });

  test("a conversion to another size is an error", async () => {
    const convert: Convert = async (raster) => ({ source: raster, pixels: new Float32Array(7) });
    await expect(decoded(source, convert)).rejects.toThrow(
      "expected 1536 converted values but received 7",
    );
    const loses: Convert = async () => ({
      source: { width: 24, height: 14, channels: 1, samples: new Uint8Array(24 * 14) },
      pixels: new Float32Array(3 * 32 * 16),
    });
    await expect(decoded(source, loses)).rejects.toThrow(
      "expected 24×14×3 samples but received 336 as 24×14×1",
    );
  });

  test("a raster that arrives after the unsubscribe is not converted", async () => {
    let answer: (() => void) | undefined;
    let converted = false;
    const slow: ImageSource = {
      ...source,
      async read(where, given) {
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
        return source.read(where, given);
      },
    };
    const convert: Convert = async (raster) => {
      converted = true;
      return { source: raster, pixels: new Float32Array(3 * 32 * 16) };
    };
    const running = of(tile)
      .pipe(decode(slow, convert, options))
      .subscribe();
    running.unsubscribe();
    answer?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(converted).toBe(false);
  });
});

const never = { signal: new AbortController().signal };
