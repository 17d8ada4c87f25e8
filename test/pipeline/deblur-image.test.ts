import { lastValueFrom, type Subscription, tap, toArray } from "rxjs";
import { describe, expect, test } from "vitest";
import { StageTimeoutError, TileError, UnavailableError } from "../../src/errors.ts";
import { convert, isFlat } from "../../src/image/convert.ts";
import { planGrid } from "../../src/image/tiling/grid.ts";
import type { Engine } from "../../src/model/engine.ts";
import { openCopyEngine } from "../../src/model/engines/copy.ts";
import type { Progress } from "../../src/operators/stages/tile.ts";
import { deblurImage } from "../../src/pipeline/deblur-image.ts";
import type { DeblurImageOptions } from "../../src/pipeline/deblur-image-options.ts";
import type { Rect } from "../../src/rect.ts";
import {
  type CallName,
  fakeEngine,
  type Gate,
  type Image,
  identityNet,
  type MemorySink,
  memoryConvert,
  memorySink,
  memorySource,
  type Net,
  negativeNet,
  noiseImage,
  noisyNet,
  openGate,
  seeded,
  turns,
} from "../operators/fakes.ts";

const cuts = { tile: 48, halo: 16, feather: 8, inFlight: 3, timeout: 60 };

function optionsFor(picture: Image, gate?: Gate): DeblurImageOptions {
  return { ...cuts, convert: memoryConvert(picture.bits, gate) };
}

/** Compares byte for byte, seconds faster than `toEqual`. */
function same(a: Float32Array | Image["samples"], b: Float32Array | Image["samples"]): boolean {
  const [left, right] = [a, b].map((x) => Buffer.from(x.buffer, x.byteOffset, x.byteLength));
  return (left as Buffer).equals(right as Buffer);
}

/** Runs to the end; returns the sink and the reported progress. */
async function run(
  picture: Image,
  engine: Engine,
  options: Partial<DeblurImageOptions> = {},
  gate?: Gate,
): Promise<{ sink: MemorySink; reports: Progress[] }> {
  const sink = memorySink(picture, gate);
  const reports = await lastValueFrom(
    deblurImage(memorySource(picture, gate), sink, engine, {
      ...optionsFor(picture, gate),
      ...options,
    }).pipe(toArray()),
  );
  return { sink, reports };
}

/** Waits a seeded number of turns at every call. */
function unevenGate(seed: number): Gate {
  const random = seeded(seed);
  return openGate(() => turns(Math.floor(random() * 6)));
}

describe("a net that changes nothing", () => {
  const sizes = [
    [1, 1],
    [1, 17],
    [17, 1],
    [31, 37],
    [97, 101],
  ] as const;
  const tilings = [
    [16, 0, 0],
    [32, 0, 0],
    [48, 16, 0],
    [48, 16, 8],
    [64, 16, 16],
    [64, 16, 7],
    [128, 48, 16],
  ] as const;

  test.each(
    sizes.flatMap(([width, height]) => tilings.map((cut) => [width, height, ...cut] as const)),
  )(
    "returns %i×%i bit for bit, each pixel once, at tile %i, halo %i, feather %i",
    async (width, height, tile, halo, feather) => {
      for (const channels of [1, 2, 3, 4] as const) {
        for (const bits of [8, 16] as const) {
          const picture = noiseImage({ width, height, channels, bits }, width + channels);
          const { sink, reports } = await run(picture, openCopyEngine(), { tile, halo, feather });
          expect(same(sink.samples, picture.samples)).toBe(true);
          expect(sink.writes.every((n) => n === 1)).toBe(true);
          const { count } = planGrid({ width, height, tile, halo, feather, alignment: 16 });
          expect(reports.map(({ tilesDone }) => tilesDone)).toEqual(
            Array.from({ length: count }, (_, i) => i + 1),
          );
          expect(reports.every(({ tilesTotal, copied }) => tilesTotal === count && !copied)).toBe(
            true,
          );
        }
      }
    },
  );
});

describe("a net that works pixel by pixel", () => {
  test.each([
    [16, 0, 0],
    [48, 16, 8],
    [64, 16, 16],
    [96, 32, 16],
  ])("gives the exact negative at tile %i, halo %i, feather %i", async (tile, halo, feather) => {
    for (const channels of [1, 3] as const) {
      for (const bits of [8, 16] as const) {
        const picture = noiseImage({ width: 131, height: 83, channels, bits });
        const engine = fakeEngine(negativeNet);
        const { sink } = await run(picture, engine, { tile, halo, feather });
        expect(
          same(
            sink.samples,
            picture.samples.map((sample) => 2 ** bits - 1 - sample),
          ),
        ).toBe(true);
        expect(engine.liveHandles()).toBe(0);
      }
    }
  });
});

describe("the order in which tiles finish", () => {
  const picture = noiseImage({ width: 170, height: 130, channels: 3, bits: 16 });

  test("does not change the bytes, even if the order of addition would", async () => {
    const { sink: inOrder } = await run(picture, fakeEngine(noisyNet), { inFlight: 1 });
    const orders = new Set<string>();
    for (const seed of [1, 2, 3, 4]) {
      const gate = unevenGate(seed);
      const { sink, reports } = await run(
        picture,
        fakeEngine(noisyNet, gate),
        { inFlight: 8 },
        gate,
      );
      orders.add(reports.map(({ tile }) => tile.index).join());
      expect(same(sink.residual, inOrder.residual)).toBe(true);
      expect(same(sink.samples, inOrder.samples)).toBe(true);
    }
    // The promise is tested only if tiles did overtake each other.
    expect(orders.size).toBeGreaterThan(1);
  });
});

describe("the limits of concurrency", () => {
  const picture = noiseImage({ width: 170, height: 130, channels: 3, bits: 8 });

  test("keeps at most `inFlight` tiles between read and stored, and reaches that number", async () => {
    let stored = 0;
    let most = 0;
    const random = seeded(3);
    const gate: Gate = openGate((name) => {
      if (name === "read") {
        const reads = gate.calls.filter((call) => call === "read").length;
        most = Math.max(most, reads - stored);
      }
      return turns(Math.floor(random() * 4));
    });
    const sink = memorySink(picture, gate);
    await lastValueFrom(
      deblurImage(memorySource(picture, gate), sink, fakeEngine(identityNet, gate), {
        ...optionsFor(picture, gate),
        inFlight: 4,
      }).pipe(tap(() => stored++)),
    );
    expect(most).toBe(4);
  });

  test("admits one tile at a time to the device, from upload to restoration", async () => {
    const gate = unevenGate(5);
    await run(picture, fakeEngine(identityNet, gate), { inFlight: 5 }, gate);
    const device = gate.calls.filter((call) => !["read", "convert", "write"].includes(call));
    const { count } = planGrid({ ...cuts, width: 170, height: 130, alignment: 16 });
    expect(device).toEqual(
      Array(count).fill(["upload", "estimate", "flow", "deconvolve", "restore"]).flat(),
    );
  });

  test("lets two images share one engine", async () => {
    const gate = unevenGate(6);
    const engine = fakeEngine(negativeNet, gate);
    const results = await Promise.all([run(picture, engine), run(picture, engine)]);
    for (const { sink } of results)
      expect(
        same(
          sink.samples,
          picture.samples.map((s) => 255 - s),
        ),
      ).toBe(true);
    expect(engine.liveHandles()).toBe(0);
  });

  test("reads nothing before the subscription, and starts a new run for every subscription", async () => {
    const gate = openGate();
    const sink = memorySink(picture, gate);
    const source = memorySource(picture, gate);
    const image = deblurImage(source, sink, openCopyEngine(), optionsFor(picture, gate));
    await turns(2);
    expect(gate.calls).toEqual([]);
    await lastValueFrom(image);
    await lastValueFrom(image);
    expect(sink.writes.every((n) => n === 2)).toBe(true);
  });
});

/** Runs a small image of 9 tiles, which passes the gate a known number of times. */
const small = noiseImage({ width: 80, height: 80, channels: 3, bits: 8 });
const callsOfSmall = await (async () => {
  const gate = openGate();
  await run(small, fakeEngine(identityNet, gate), {}, gate);
  return gate.calls.length;
})();

const stageOf: Record<CallName, string> = {
  read: "decode",
  convert: "decode",
  upload: "estimate-kernels",
  estimate: "estimate-kernels",
  flow: "decode-flow",
  deconvolve: "deconvolve",
  sample: "decode-flow",
  restore: "deblur",
  write: "write",
};

async function settle(gate: Gate): Promise<void> {
  while (gate.pending() > 0) await turns(1);
  await turns(5);
}

describe("ownership", () => {
  test("leaves nothing on the engine when the run ends", async () => {
    expect(callsOfSmall).toBeGreaterThan(9 * 6);
    const engine = fakeEngine();
    await run(small, engine);
    expect(engine.liveHandles()).toBe(0);
  });

  test("calls nothing more and leaves nothing on the engine, cancelled at any call", async () => {
    for (let at = 0; at < callsOfSmall; at++) {
      const random = seeded(at);
      let running: Subscription | undefined;
      const gate: Gate = openGate(async (_, n) => {
        // Deferred, because the very first call happens inside subscribe.
        if (n === at) await Promise.resolve().then(() => running?.unsubscribe());
        await turns(Math.floor(random() * 3));
      });
      const engine = fakeEngine(identityNet, gate);
      const received: unknown[] = [];
      running = deblurImage(
        memorySource(small, gate),
        memorySink(small, gate),
        engine,
        optionsFor(small, gate),
      ).subscribe({ error: (error) => received.push(error) });
      while (!running.closed) await turns(1);
      const asked = gate.calls.length;
      await settle(gate);
      expect([at, engine.liveHandles(), gate.calls.length - asked, received]).toEqual([
        at,
        0,
        0,
        [],
      ]);
    }
  });

  test("does the same cancelled at random times, and the engine serves the next run", async () => {
    for (let seed = 0; seed < 40; seed++) {
      const gate = unevenGate(seed);
      const engine = fakeEngine(identityNet, gate);
      const running = deblurImage(
        memorySource(small, gate),
        memorySink(small, gate),
        engine,
        optionsFor(small, gate),
      ).subscribe();
      await turns(Math.floor(seeded(seed + 100)() * 60));
      running.unsubscribe();
      const asked = gate.calls.length;
      await settle(gate);
      expect([seed, engine.liveHandles(), gate.calls.length - asked]).toEqual([seed, 0, 0]);
      const { sink } = await run(small, engine);
      expect(same(sink.samples, small.samples)).toBe(true);
    }
  });

  test("fails with a TileError that names the stage, and leaves nothing behind, at any failed call", async () => {
    for (let at = 0; at < callsOfSmall; at++) {
      const cause = new Error(`call ${at}`);
      const random = seeded(at);
      let failed: CallName | undefined;
      const gate = openGate(async (name, n) => {
        await turns(Math.floor(random() * 3));
        if (n !== at) return;
        failed = name;
        throw cause;
      });
      const engine = fakeEngine(identityNet, gate);
      let asked = 0;
      const error = await new Promise<unknown>((resolve) => {
        deblurImage(
          memorySource(small, gate),
          memorySink(small, gate),
          engine,
          optionsFor(small, gate),
        ).subscribe({
          error: (reason) => {
            asked = gate.calls.length;
            resolve(reason);
          },
          complete: () => resolve("complete"),
        });
      });
      await settle(gate);
      expect(error).toBeInstanceOf(TileError);
      expect(error).toMatchObject({ stage: stageOf[failed as CallName], cause });
      expect([at, engine.liveHandles(), gate.calls.length - asked]).toEqual([at, 0, 0]);
    }
  });
});

describe("a tile that fails", () => {
  const grid = planGrid({ ...cuts, width: 80, height: 80, alignment: 16 });
  const victim = grid.tile(4);

  /** The identity for all tiles except number 4, found by the order of restoration with one in flight. */
  function spoiling(spoil: Net): Net {
    let n = 0;
    return (pixels, height, width) =>
      (n++ === victim.index ? spoil : identityNet)(pixels, height, width);
  }

  const overlaps = (a: Rect, b: Rect): boolean =>
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

  test.each<[string, Net, string]>([
    [
      "NaN from the net",
      (pixels) => ({ residual: pixels.map(() => Number.NaN), rms: Number.NaN }),
      "the net's output is not finite",
    ],
    [
      "an infinite value that the RMS hides",
      (pixels) => ({ residual: pixels.with(7, Number.POSITIVE_INFINITY), rms: 0.01 }),
      "the net's output is not finite",
    ],
    [
      "a huge residual",
      (pixels) => ({ residual: pixels.map(() => 0.61), rms: 0.61 }),
      "residual RMS 0.61 exceeds 0.25",
    ],
    [
      "a failing net",
      () => {
        throw new Error("out of memory");
      },
      "out of memory",
    ],
    [
      "a residual of the wrong size",
      () => ({ residual: new Float32Array(3), rms: 0 }),
      "expected planes of at least 48×48",
    ],
  ])("fails with its rectangle and writes no pixel of it: %s", async (_, spoil, problem) => {
    const engine = fakeEngine(spoiling(spoil));
    const sink = memorySink(small);
    const image = deblurImage(memorySource(small), sink, engine, {
      ...optionsFor(small),
      inFlight: 1,
    });
    const error = await lastValueFrom(image).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TileError);
    expect((error as TileError).rect).toEqual(victim.read);
    expect((error as TileError).message).toContain(problem);
    await turns(5);
    expect(sink.rects.length).toBeGreaterThan(0);
    expect(sink.rects.some((rect) => overlaps(rect, victim.core))).toBe(false);
    expect(engine.liveHandles()).toBe(0);
  });

  test.each<[CallName, string]>([
    ["read", "decode"],
    ["convert", "decode"],
    ["upload", "estimate-kernels"],
    ["estimate", "estimate-kernels"],
    ["flow", "decode-flow"],
    ["restore", "deblur"],
    ["write", "write"],
  ])("fails in time when a %s hangs, with a TileError at stage %s", async (name, stage) => {
    let answer: () => void = () => {};
    const nth = name === "write" ? 0 : victim.index;
    let n = 0;
    const gate = openGate((call) => {
      if (call !== name || n++ !== nth) return undefined;
      return new Promise<void>((resolve) => {
        answer = resolve;
      });
    });
    const engine = fakeEngine(identityNet, gate);
    const running = run(small, engine, { inFlight: 1, timeout: 0.05 }, gate);
    const error = await running.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TileError);
    expect((error as TileError).stage).toBe(stage);
    expect((error as TileError).cause).toBeInstanceOf(StageTimeoutError);
    expect((error as TileError).rect).toEqual(name === "write" ? grid.tile(0).read : victim.read);
    expect(engine.liveHandles()).toBe(0);
    answer();
    await settle(gate);
    expect(engine.liveHandles()).toBe(0);
  });

  test("stays unchanged and is reported under `onTileError` copy", async () => {
    const engine = fakeEngine((pixels, height, width) => {
      const bad: Net = () => ({ residual: new Float32Array(pixels.length).fill(0.9), rms: 0.9 });
      return spoiled(bad)(pixels, height, width);
    });
    let n = 0;
    const spoiled = (bad: Net): Net => (n++ === victim.index ? bad : negativeNet);
    const { sink, reports } = await run(small, engine, {
      inFlight: 1,
      onTileError: "copy",
      halo: 16,
      feather: 0,
    });
    const copied = reports.filter(({ copied: reason }) => reason !== undefined);
    expect(copied.map(({ tile }) => tile.index)).toEqual([victim.index]);
    expect(copied[0]?.copied).toBeInstanceOf(TileError);
    expect(copied[0]?.copied?.message).toContain("residual RMS 0.90 exceeds 0.25");
    for (let i = 0; i < small.samples.length; i++) {
      const [x, y] = [Math.floor(i / 3) % 80, Math.floor(i / 240)];
      const inside = overlaps({ x, y, width: 1, height: 1 }, victim.core);
      const sample = small.samples[i] as number;
      if (sink.samples[i] !== (inside ? sample : 255 - sample)) throw new Error(`pixel ${x}, ${y}`);
    }
    expect(engine.liveHandles()).toBe(0);
  });

  test("ends the run even so if the engine is lost", async () => {
    const engine = fakeEngine(() => {
      throw new UnavailableError("the device thread ended");
    });
    await expect(run(small, engine, { onTileError: "copy" })).rejects.toThrow(
      "stage deblur: the device thread ended",
    );
    expect(engine.liveHandles()).toBe(0);
  });

  test("ends the run even so if the source cannot be read", async () => {
    const gate = openGate((name) => {
      if (name === "read") throw new Error("damaged");
    });
    const running = run(small, fakeEngine(identityNet, gate), { onTileError: "copy" }, gate);
    await expect(running).rejects.toThrow("stage decode: damaged");
  });
});

describe("a tile without structure", () => {
  // Two constant halves, so that the outer two of 3 tiles across read one value.
  const halves: Image = (() => {
    const samples = new Uint8Array(112 * 40 * 3);
    for (let i = 0; i < samples.length; i++) samples[i] = Math.floor(i / 3) % 112 < 56 ? 10 : 200;
    return { width: 112, height: 40, channels: 3, bits: 8, samples };
  })();
  const convertFor: DeblurImageOptions["convert"] = async (source, padded, { radiometry }) => {
    const pixels = convert(source, padded, radiometry);
    return { source, pixels, flat: isFlat(pixels) };
  };

  test("stays unchanged, is marked, and never reaches the engine", async () => {
    const gate = openGate();
    const engine = fakeEngine(negativeNet, gate);
    const { sink, reports } = await run(halves, engine, { convert: convertFor, feather: 0 });
    for (const { tile, flat } of reports) {
      const { x, width } = tile.read;
      expect(flat).toBe(x + width <= 56 || x >= 56);
    }
    const flat = reports.filter((progress) => progress.flat).length;
    expect([flat > 0, flat < reports.length]).toEqual([true, true]);
    expect(gate.calls.filter((name) => name === "upload")).toHaveLength(reports.length - flat);
    const cores = reports.filter((progress) => !progress.flat).map(({ tile }) => tile.core);
    for (let i = 0; i < halves.samples.length; i++) {
      const x = Math.floor(i / 3) % 112;
      const seen = cores.some((core) => x >= core.x && x < core.x + core.width);
      const sample = halves.samples[i] as number;
      if (sink.samples[i] !== (seen ? 255 - sample : sample)) throw new Error(`sample ${i}`);
    }
    expect(engine.liveHandles()).toBe(0);
  });

  test("goes to the engine without `skipFlat`", async () => {
    const gate = openGate();
    const engine = fakeEngine(negativeNet, gate);
    const { sink, reports } = await run(halves, engine, { convert: convertFor, skipFlat: false });
    expect(reports.every(({ flat }) => !flat)).toBe(true);
    expect(gate.calls.filter((name) => name === "upload")).toHaveLength(reports.length);
    expect(
      same(
        sink.samples,
        halves.samples.map((sample) => 255 - sample),
      ),
    ).toBe(true);
  });
});

describe("a tile whose kernels show no blur", () => {
  /** Dark on the left and bright on the right of column 56; no two neighbours are equal. */
  const halves: Image = (() => {
    const samples = new Uint8Array(112 * 40 * 3);
    for (let i = 0; i < samples.length; i++) {
      const pixel = Math.floor(i / 3);
      samples[i] = (pixel % 112 < 56 ? 10 : 200) + (pixel % 7);
    }
    return { width: 112, height: 40, channels: 3, bits: 8, samples };
  })();
  const size = 19;

  /** An engine that predicts a motion of 9 pixels for bright pixels and none for dark ones. */
  function planted(gate = openGate()): Engine {
    const engine = fakeEngine(negativeNet, gate, { size, stride: 4 });
    return {
      ...engine,
      async sample(tensor, cells) {
        const reds = await engine.sample(tensor, cells);
        const kernels = new Float32Array(cells.length * size ** 2);
        for (const i of cells.keys()) {
          const reach = (reds[i * size ** 2] as number) > 0.5 ? 4 : 0;
          const middle = i * size ** 2 + (size ** 2 - 1) / 2;
          kernels.fill(1 / (2 * reach + 1), middle - reach, middle + reach + 1);
        }
        return kernels;
      },
    };
  }

  test("stays unchanged and is marked under `skipSharp`, while the others are restored", async () => {
    const gate = openGate();
    const engine = planted(gate);
    const { sink, reports } = await run(halves, engine, { skipSharp: true, feather: 0 });
    for (const { tile, sharp = false, flat } of reports) {
      expect([sharp, flat]).toEqual([tile.read.x + tile.read.width <= 56, false]);
    }
    const sharp = reports.filter((progress) => progress.sharp).length;
    expect([sharp > 0, sharp < reports.length]).toEqual([true, true]);
    expect(gate.calls.filter((name) => name === "flow")).toHaveLength(reports.length);
    expect(gate.calls.filter((name) => name === "restore")).toHaveLength(reports.length - sharp);
    const cores = reports.filter((progress) => !progress.sharp).map(({ tile }) => tile.core);
    for (let i = 0; i < halves.samples.length; i++) {
      const x = Math.floor(i / 3) % 112;
      const seen = cores.some((core) => x >= core.x && x < core.x + core.width);
      const sample = halves.samples[i] as number;
      if (sink.samples[i] !== (seen ? 255 - sample : sample)) throw new Error(`sample ${i}`);
    }
    expect(engine.liveHandles()).toBe(0);
  });

  test("is restored without `skipSharp`", async () => {
    const gate = openGate();
    const { reports } = await run(halves, planted(gate));
    expect(reports.some(({ sharp }) => sharp)).toBe(false);
    expect(gate.calls).not.toContain("sample");
    expect(gate.calls.filter((name) => name === "restore")).toHaveLength(reports.length);
  });

  test("fails with the tile's error and leaves nothing on the engine if its field cannot be read", async () => {
    const gate = openGate((name) => {
      if (name === "sample") throw new Error("lost");
    });
    const engine = planted(gate);
    await expect(run(halves, engine, { skipSharp: true })).rejects.toThrow("decode-flow: lost");
    expect(engine.liveHandles()).toBe(0);
  });

  test("is refused as an option if the net has no kernels", () => {
    const options = { ...optionsFor(small), skipSharp: true };
    expect(() =>
      deblurImage(memorySource(small), memorySink(small), openCopyEngine(), options),
    ).toThrow("Expected a net that knows motion kernels for skipSharp but that of engine copy");
  });
});

describe("options", () => {
  const start = (change: Partial<DeblurImageOptions>): unknown =>
    deblurImage(memorySource(small), memorySink(small), openCopyEngine(), {
      ...optionsFor(small),
      ...change,
    });

  test.each([
    [{ tile: 40 }, "Expected an integer from 48 up that is a multiple of 16 for tile"],
    [{ feather: 20 }, "Expected an integer from 0 to 8 for feather but received 20"],
    [{ inFlight: 0 }, "Expected an integer from 1 up for inFlight but received 0"],
    [{ timeout: 0 }, "Expected a number above 0, 2147483 at most for timeout but received 0"],
    [{ timeout: Number.POSITIVE_INFINITY }, "for timeout but received Infinity"],
    [{ residualLimit: Number.NaN }, "for residualLimit but received NaN"],
    [
      { onTileError: "skip" as "copy" },
      'Expected one of fail, copy for onTileError but received "skip"',
    ],
    [{ skipFlat: 1 as unknown as true }, "Expected one of true, false for skipFlat but received 1"],
  ])("refuses %o before anything is opened", (change, message) => {
    expect(() => start(change)).toThrow(message);
  });

  test("applies the caller's residual limit", async () => {
    const net: Net = (pixels) => ({ residual: new Float32Array(pixels.length), rms: 0.4 });
    await expect(run(small, fakeEngine(net))).rejects.toThrow("residual RMS 0.40 exceeds 0.25");
    await run(small, fakeEngine(net), { residualLimit: 0.5 });
  });

  test("stops the run with the reason of an aborted signal, and frees the engine", async () => {
    const abort = new AbortController();
    const reason = new Error("the user left");
    const gate = openGate((name, n) => {
      if (n === 30) abort.abort(reason);
      return turns(name === "read" ? 2 : 1);
    });
    const engine = fakeEngine(identityNet, gate);
    await expect(run(small, engine, { signal: abort.signal }, gate)).rejects.toBe(reason);
    const asked = gate.calls.length;
    await settle(gate);
    expect([engine.liveHandles(), gate.calls.length - asked]).toEqual([0, 0]);
  });
});
