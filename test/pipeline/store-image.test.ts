import { lastValueFrom, tap, toArray } from "rxjs";
import { describe, expect, test } from "vitest";
import { TileError } from "../../src/errors.ts";
import { planGrid } from "../../src/image/tiling/grid.ts";
import type { TileStore } from "../../src/operators/stages/store.ts";
import type { Progress, RestoredTile } from "../../src/operators/stages/tile.ts";
import { type StoreImageOptions, storeImage } from "../../src/pipeline/store-image.ts";
import {
  fakeEngine,
  type Gate,
  memoryConvert,
  memorySource,
  negativeNet,
  noiseImage,
  openGate,
  turns,
} from "../operators/fakes.ts";

const image = noiseImage({ width: 131, height: 83, channels: 3, bits: 8 });
const cuts = { tile: 48, halo: 16, feather: 8 };
const { count } = planGrid({ width: 131, height: 83, ...cuts, alignment: 16 });

interface MemoryStore extends TileStore {
  readonly put: TileStore["put"];
  readonly kept: Map<number, RestoredTile>;
}

function memoryStore(there: readonly number[] = [], gate: Gate = openGate()): MemoryStore {
  const kept = new Map<number, RestoredTile>();
  const found = new Set(there);
  return {
    kept,
    has: (index) => found.has(index) || kept.has(index),
    async put(restored) {
      await gate.pass("write");
      kept.set(restored.tile.index, restored);
    },
  };
}

function run(store: TileStore, options: Partial<StoreImageOptions> = {}, gate?: Gate) {
  const engine = fakeEngine(negativeNet, gate);
  return {
    engine,
    reports: storeImage(memorySource(image, gate), store, engine, {
      ...{ ...cuts, convert: memoryConvert(8, gate), inFlight: 3, timeout: 60, residualLimit: 1 },
      ...options,
    }),
  };
}

const doneOf = (reports: readonly Progress[]): number[] =>
  reports.map(({ tilesDone }) => tilesDone);

describe("storeImage", () => {
  test("stores every tile once and reports each", async () => {
    const store = memoryStore();
    const reports = await lastValueFrom(run(store).reports.pipe(toArray()));
    expect([...store.kept.keys()].sort((a, b) => a - b)).toEqual([...Array(count).keys()]);
    expect(doneOf(reports)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
    expect(reports.every(({ tilesTotal }) => tilesTotal === count)).toBe(true);
  });

  test("computes only the missing tiles of a range, and counts those it finds", async () => {
    const gate = openGate();
    const store = memoryStore([0, 3, 4, 7], gate);
    const { reports, engine } = run(store, { range: { start: 2, end: 8 } }, gate);
    const progress = await lastValueFrom(reports.pipe(toArray()));
    expect([...store.kept.keys()].sort()).toEqual([2, 5, 6]);
    expect(doneOf(progress)).toEqual([4, 5, 6]);
    expect(progress.every(({ tilesTotal }) => tilesTotal === 6)).toBe(true);
    expect(gate.calls.filter((name) => name === "restore")).toHaveLength(3);
    expect(engine.liveHandles()).toBe(0);
  });

  test("reports nothing if all tiles are stored", async () => {
    const store = memoryStore([...Array(count).keys()]);
    expect(await lastValueFrom(run(store).reports.pipe(toArray()))).toEqual([]);
  });

  test("keeps at most `inFlight` tiles between read and stored", async () => {
    let open = 0;
    let most = 0;
    const gate = openGate(async (name) => {
      if (name === "read") most = Math.max(most, ++open);
      await turns(2);
      if (name === "write") open--;
    });
    await lastValueFrom(run(memoryStore([], gate), { inFlight: 2 }, gate).reports);
    expect(most).toBe(2);
  });

  test("stops on its signal once the tiles in flight are stored, and fails with the reason", async () => {
    const aborter = new AbortController();
    const reason = new Error("enough");
    const gate = openGate(() => turns(3));
    const store = memoryStore([], gate);
    const { reports, engine } = run(store, { signal: aborter.signal }, gate);
    let received = 0;
    const stopped = reports.pipe(
      tap(() => {
        if (++received === 2) aborter.abort(reason);
      }),
    );
    await expect(lastValueFrom(stopped)).rejects.toBe(reason);
    const reads = gate.calls.filter((name) => name === "read").length;
    expect(reads).toBeLessThan(count);
    expect(store.kept.size).toBe(reads);
    expect([gate.pending(), engine.liveHandles()]).toEqual([0, 0]);
  });

  test.each(["read", "convert", "estimate", "restore"] as const)(
    "tries a tile three times if %s fails, and leaves nothing on the engine",
    async (name) => {
      for (const failures of [2, 3]) {
        let left = failures;
        const gate = openGate((call) => {
          if (call === name && left-- > 0) throw new Error("not now");
        });
        const store = memoryStore([], gate);
        const { reports, engine } = run(store, { inFlight: 1 }, gate);
        const ended = await lastValueFrom(reports).catch((error: unknown) => error);
        if (failures === 2) expect(store.kept.size).toBe(count);
        else expect(ended).toBeInstanceOf(TileError);
        expect(engine.liveHandles()).toBe(0);
      }
    },
  );

  test("copies a tile unchanged only after three failures", async () => {
    let left = 3;
    const gate = openGate((call) => {
      if (call === "restore" && left-- > 0) throw new Error("not now");
    });
    const store = memoryStore([], gate);
    const { reports } = run(store, { inFlight: 1, onTileError: "copy" }, gate);
    const progress = await lastValueFrom(reports.pipe(toArray()));
    const copied = progress.filter((one) => one.copied !== undefined);
    expect(copied.map(({ tile }) => tile.index)).toEqual([0]);
    expect(store.kept.get(0)?.residual.every((x) => x === 0)).toBe(true);
    expect(store.kept.get(1)?.residual.every((x) => x === 0)).toBe(false);
  });

  test("does not retry a failed store", async () => {
    const gate = openGate((call) => {
      if (call === "write") throw new Error("no space left");
    });
    await expect(
      lastValueFrom(run(memoryStore([], gate), { inFlight: 1 }, gate).reports),
    ).rejects.toThrow("stage write: no space left");
    expect(gate.calls.filter((name) => name === "write")).toHaveLength(1);
  });
});
