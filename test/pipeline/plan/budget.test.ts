import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openGrid } from "../../../src/image/tiling/open-grid.ts";
import { layOutTile } from "../../../src/io/store/stored-layout.ts";
import { openCopyEngine } from "../../../src/model/engines/copy.ts";
import { completeOptions } from "../../../src/pipeline/options/complete-options.ts";
import { assertRoom, diskOf } from "../../../src/pipeline/plan/plan-disk.ts";
import { planMemory, type Work } from "../../../src/pipeline/plan/plan-memory.ts";
import { byteSize, inBytes } from "../../../src/text/byte-size.ts";

describe("a number of bytes", () => {
  it.each([
    ["800M", 8e8],
    ["800 MB", 8e8],
    ["2G", 2e9],
    ["2GiB", 2 ** 31],
    ["1.5g", 1.5e9],
    ["64k", 64_000],
    ["4096", 4096],
    [4096, 4096],
  ])("reads %s as %d", (text, bytes) => {
    expect(byteSize("--memory", text)).toBe(bytes);
  });

  it.each(["", "much", "-1G", "0", "2XB", "1e9", "1iB", "99999999999T"])("refuses %j", (text) => {
    expect(() => byteSize("--memory", text)).toThrow(
      `Expected a number of bytes such as 800M, 2G or 2GiB for --memory but received "${text}"`,
    );
  });

  it("is written with three significant digits", () => {
    expect([812_345_678, 27_669_073_920, 999, 64_000].map(inBytes)).toEqual([
      "812 MB",
      "27.7 GB",
      "999 bytes",
      "64 kB",
    ]);
  });
});

const identity = { ...openCopyEngine().identity, engine: "onnx" };
const work: Work = {
  header: { format: "tiff", width: 20_000, height: 20_000, channels: 3, bits: 8 },
  format: "tiff",
  runtime: {
    engine: { ...openCopyEngine(), identity },
    preset: "lite",
    pool: { threads: 2 },
  },
};

describe("a limit of memory", () => {
  const tilingFor = (given: object) => {
    const { options, expected = 0 } = planMemory(completeOptions(given), work);
    const { tile, inFlight } = options;
    return { tile, inFlight, expected };
  };

  it("changes nothing if it is not given", () => {
    expect(tilingFor({})).toMatchObject({ tile: 512, inFlight: 3 });
  });

  it("gives smaller tiles that stay below it", () => {
    const limits = [5e9, 2e9, 1.2e9, 900e6, 700e6, 550e6];
    const plans = limits.map((memory) => tilingFor({ memory }));
    for (const [i, { expected }] of plans.entries())
      expect(expected).toBeLessThanOrEqual(limits[i] as number);
    const sides = plans.map(({ tile }) => tile);
    expect(sides).toEqual(sides.toSorted((a, b) => b - a));
    expect(new Set(sides).size).toBeGreaterThan(3);
  });

  it("leaves a given tile and number in flight unchanged", () => {
    expect(tilingFor({ memory: 4e9, tile: 256, inFlight: 5 })).toMatchObject({
      tile: 256,
      inFlight: 5,
    });
  });

  it("is refused if it is too small, with a number that suffices", () => {
    const refusal = (given: object): string => {
      try {
        tilingFor(given);
      } catch (error) {
        return (error as Error).message;
      }
      throw new Error("it was not refused");
    };
    for (const given of [{}, { tile: 512 }, { tile: 512, inFlight: 3 }]) {
      const message = refusal({ ...given, memory: 100e6 });
      const [, least] =
        /^Expected at least (\d+M) for memory \(.*\) but received 100 MB$/.exec(message) ?? [];
      expect(tilingFor({ ...given, memory: least }).expected).toBeLessThanOrEqual(
        Number.parseInt(least ?? "", 10) * 1e6,
      );
    }
  });

  it("plans default tiles that the adapter can bind, with and without a limit", () => {
    const small = {
      ...work,
      runtime: { ...work.runtime, engine: { ...work.runtime.engine, largestTile: 256 } },
    };
    for (const memory of [undefined, 4e9]) {
      expect(planMemory(completeOptions({ memory }), small).options.tile).toBe(256);
      expect(planMemory(completeOptions({ memory }), work).options.tile).toBeGreaterThan(256);
    }
  });

  it("counts what the net receives, so that a scale takes about as much", () => {
    const of = (scale: 1 | 2 | 4 | "auto", memory?: number) =>
      tilingFor({ scale, tile: memory ? undefined : 512, ...(memory && { memory }) });
    const [full, half, quarter] = [of(1), of(2), of(4)].map(({ expected }) => expected);
    // The larger tile in the main thread comes on top.
    expect(half).toBeGreaterThan(full as number);
    expect(quarter).toBeGreaterThan(half as number);
    // At auto a tile of 512 has three cells a side, 448 pixels with the halo of full size.
    expect(of("auto").expected).toBeLessThan(full as number);
    for (const scale of [2, 4, "auto"] as const) {
      for (const memory of [2e9, 1.2e9, 900e6]) {
        expect(of(scale, memory).expected).toBeLessThanOrEqual(memory);
      }
    }
    expect(tilingFor({ scale: "auto" })).toMatchObject({ tile: 640 });
  });

  it("is refused for an engine that was never measured", () => {
    const unknown = { ...identity, engine: "planted" };
    const other = {
      ...work,
      runtime: { ...work.runtime, engine: { ...work.runtime.engine, identity: unknown } },
    };
    expect(() => planMemory(completeOptions({ memory: 1e9 }), other)).toThrow(
      "planted with preset lite was not",
    );
    expect(planMemory(completeOptions({}), other).expected).toBeUndefined();
  });
});

describe("room on the disk", () => {
  const cuts = { width: 1900, height: 700, tile: 256, halo: 32, alignment: 16 };
  const grid = openGrid(cuts);
  const use = {
    ...{
      width: 1900,
      height: 700,
      sourceBytes: 3,
      outputBytes: 6,
      spooled: true,
      stored: { grid },
    },
    ...{ rows: false, share: 1, cog: false },
  };

  it("is the size of the tile files, apart from rounding", () => {
    const radiometry = { colours: [0, 1, 2], range: [0, 255] } as const;
    const plan = {
      grid: grid.plan,
      channels: 3,
      sourceType: "uint8",
      outputType: "uint16",
      radiometry,
    } as const;
    const { count } = grid;
    const files = Array.from({ length: count }, (_, i) => layOutTile(plan, i, false).byteLength);
    const sum = files.reduce((a, b) => a + b, 0);
    // Each of at most nine sections, with at most three parts, is rounded up to 8 bytes.
    expect(diskOf(use).tiles).toBeLessThanOrEqual(sum);
    expect(diskOf(use).tiles).toBeGreaterThan(sum - count * 9 * 3 * 8);
  });

  it("counts spool, output, rows and both files of a COG", () => {
    const pixels = 1900 * 700;
    expect(diskOf(use)).toMatchObject({ spool: pixels * 3, output: pixels * 6 });
    expect(diskOf({ ...use, spooled: false, stored: undefined, rows: true })).toEqual({
      spool: 0,
      tiles: 0,
      output: pixels * 12,
    });
    expect(diskOf({ ...use, cog: true }).output).toBe(pixels * 16);
  });

  it("fails with both numbers if it is missing, less the bytes kept already", async () => {
    const { bavail, bsize } = statfsSync(tmpdir());
    const side = Math.ceil(Math.sqrt((bavail * bsize) / 3)) * 2;
    const large = { ...use, width: side, height: side, stored: undefined };
    const output = join(tmpdir(), "never-made.tif");
    await expect(assertRoom(output, large)).rejects.toMatchObject({
      exitCode: 74,
      message: expect.stringMatching(
        /never-made\.tif: Expected \S+ [GT]B free on its disk \(\S+ [GT]B for the decoded input, \S+ [GT]B for the output\) but found \S+ [MGT]B$/,
      ),
    });
    const need = await assertRoom(output, large, { there: side * side * 9 });
    expect(need.needed).toBe(0);
  });

  it("is checked on the disk of the output", async () => {
    await expect(assertRoom("/nowhere/at/all/out.tif", use)).rejects.toMatchObject({
      exitCode: 73,
    });
  });
});
