import { from, lastValueFrom, Subject, toArray } from "rxjs";
import { describe, expect, test } from "vitest";
import { OptionError, OverrunError } from "../../src/errors.ts";
import { convert } from "../../src/image/convert.ts";
import type { Convert } from "../../src/image/raster.ts";
import type { Engine } from "../../src/model/engine.ts";
import { openCopyEngine } from "../../src/model/engines/copy.ts";
import { pulled } from "../../src/operators/flow/pulled.ts";
import { type DeblurFramesOptions, deblurFrames } from "../../src/pipeline/deblur-frames.ts";
import type { Frame } from "../../src/pipeline/frames/frame.ts";
import { seeded, turns } from "../operators/fakes.ts";
import { noiseFrame } from "./frames/frames.ts";

const onThisThread: Convert = async (source, padded, { radiometry }) => ({
  source,
  pixels: convert(source, padded, radiometry),
});
const options: DeblurFramesOptions = {
  convert: onThisThread,
  tile: 32,
  halo: 0,
  inFlight: 2,
  timeout: 60,
  maxInFlight: 3,
};
const size = { width: 50, height: 36 };
const frame = (seed: number, name = "420jpeg") => noiseFrame(name, size, seed);

/** An engine that adds `change` to the colours, in a random time. */
function engineOf(change: readonly number[] = [0, 0, 0], seed = 1): Engine {
  const random = seeded(seed);
  const copy = openCopyEngine();
  return {
    ...copy,
    async restore(...tensors) {
      const { residual } = await copy.restore(...tensors);
      const plane = residual.length / 3;
      for (const [channel, one] of change.entries()) {
        residual.fill(one, channel * plane, (channel + 1) * plane);
      }
      await turns(Math.floor(4 * random()));
      return { residual, rms: 0.01 };
    },
  };
}

async function* arriving(frames: Iterable<Frame>) {
  for (const one of frames) {
    await turns(1);
    yield one;
  }
}

const all = (frames: Parameters<typeof deblurFrames>[0], more: Partial<DeblurFramesOptions> = {}) =>
  lastValueFrom(deblurFrames(frames, engineOf(), { ...options, ...more }).pipe(toArray()));

describe("deblurFrames", () => {
  test.each([1, 2, 5])(
    "delivers every frame in order and bit for bit, %i in flight",
    async (maxInFlight) => {
      const names = ["420jpeg", "mono16", "444alpha", "422p10", "rgba", "rgb48le", "420paldv"];
      const frames = Array.from({ length: 14 }, (_, i) => frame(i, names[i % names.length]));
      const out = await all(arriving(frames), { maxInFlight });
      expect(out).toEqual(frames);
    },
  );

  test("adds a change of red to luma and chroma, across tiles", async () => {
    const change = [0.1, 0, 0];
    const grey = frame(1);
    grey.data.fill(100);
    // A flat image would have nothing to restore.
    for (let at = 0; at < size.width * size.height; at++) grey.data[at] = 100 + (at % 50);
    const engine = engineOf(change);
    const sharp = await lastValueFrom(deblurFrames([grey], engine, options));
    const luma = size.width * size.height;
    const y = 0.1 * 0.2126;
    const colours = [
      219 * y,
      (224 * -y) / (2 - 2 * 0.0722),
      (224 * (0.1 - y)) / (2 - 2 * 0.2126),
    ].map((difference) => Math.round(100 + difference));
    const differences = sharp.data.subarray(0, luma).map((y, at) => y - (at % 50));
    expect(new Set(differences)).toEqual(new Set([colours[0]]));
    expect(new Set(sharp.data.subarray(luma, luma * 1.25))).toEqual(new Set([colours[1]]));
    expect(new Set(sharp.data.subarray(luma * 1.25))).toEqual(new Set([colours[2]]));
    expect(engine.liveHandles()).toBe(0);
  });

  test("pulls no frame before a slot is free, so that a slow reader slows the source", async () => {
    let pulledFrames = 0;
    async function* source() {
      for (;;) yield frame(pulledFrames++);
    }
    const reader = pulled<Frame>((deliver) =>
      deblurFrames(source(), engineOf(), { ...options, maxInFlight: 2, deliver }),
    );
    for (let read = 1; read <= 5; read++) {
      expect((await reader.next()).value).toEqual(frame(read - 1));
      await turns(100);
      // The frame that the reader holds occupies a slot.
      expect(pulledFrames).toBe(read + 1);
    }
    await reader.return?.();
    await turns(10);
    expect(pulledFrames).toBe(6);
  });

  test("delivers the frames before an error of the source, then fails with it", async () => {
    async function* source() {
      yield frame(0);
      yield frame(1);
      throw new Error("cut short");
    }
    const out: Frame[] = [];
    const error = await new Promise((resolve, reject) => {
      deblurFrames(source(), engineOf(), options).subscribe({
        next: (one) => out.push(one),
        error: resolve,
        complete: () => reject(new Error("it completed")),
      });
    });
    expect(error).toMatchObject({ message: "cut short" });
    expect(out).toEqual([frame(0), frame(1)]);
  });

  test("delivers the frames before a failed one, then fails with its error and delivers nothing more", async () => {
    const copy = openCopyEngine();
    let restored = 0;
    const engine: Engine = {
      ...copy,
      restore: (...tensors) =>
        restored++ === 9 ? Promise.reject(new Error("device gone")) : copy.restore(...tensors),
    };
    // Each frame has four tiles and follows the one before on the device: the third frame fails.
    const out: Frame[] = [];
    const failed = new Promise((resolve) => {
      const frames = Array.from({ length: 6 }, (_, i) => frame(i));
      deblurFrames(frames, engine, { ...options, inFlight: 1, maxInFlight: 1 }).subscribe({
        next: (one) => out.push(one),
        error: resolve,
      });
    });
    expect(await failed).toMatchObject({ _tag: "TileError" });
    expect(out).toEqual([frame(0), frame(1)]);
    expect(copy.liveHandles()).toBe(0);
  });

  test("returns the iterator and frees the engine when unsubscribed; fails with a signal's reason", async () => {
    let returned = 0;
    async function* source() {
      try {
        for (let seed = 0; ; seed++) yield frame(seed);
      } finally {
        returned++;
      }
    }
    const engine = engineOf();
    const subscription = deblurFrames(source(), engine, options).subscribe();
    await turns(7);
    subscription.unsubscribe();
    await turns(30);
    expect([returned, engine.liveHandles()]).toEqual([1, 0]);

    const aborter = new AbortController();
    const ended = lastValueFrom(
      deblurFrames(source(), engine, { ...options, signal: aborter.signal }),
    );
    await turns(3);
    aborter.abort(new Error("enough"));
    await expect(ended).rejects.toThrow("enough");
    await turns(30);
    expect([returned, engine.liveHandles()]).toEqual([2, 0]);
  });

  test("returns a waiting source at once, and pulls it again only for a new subscription", async () => {
    const seen = { asked: 0, returned: 0 };
    const silent: AsyncIterable<Frame> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => void seen.asked++),
        async return() {
          seen.returned++;
          return { done: true, value: undefined };
        },
      }),
    };
    const running = deblurFrames(silent, engineOf(), options).subscribe();
    await turns(3);
    expect(seen).toEqual({ asked: 1, returned: 0 });
    running.unsubscribe();
    await turns(1);
    expect(seen).toEqual({ asked: 1, returned: 1 });
    const reader = pulled<Frame>((deliver) =>
      deblurFrames(silent, engineOf(), { ...options, deliver }),
    );
    const waiting = reader.next();
    await turns(3);
    await reader.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await turns(1);
    expect(seen).toEqual({ asked: 2, returned: 2 });
  });

  test("keeps the newest frame of a fast source under drop; every frame is delivered or counted", async () => {
    const camera = new Subject<Frame>();
    let dropped = 0;
    const onDropped = (count: number) => {
      dropped = count;
    };
    const out = lastValueFrom(
      deblurFrames(camera, engineOf(), {
        ...options,
        maxInFlight: 1,
        policy: "drop",
        onDropped,
      }).pipe(toArray()),
    );
    const frames = Array.from({ length: 30 }, (_, i) => ({ ...frame(i), parameters: String(i) }));
    for (const one of frames) {
      camera.next(one);
      await turns(2);
    }
    camera.complete();
    const numbers = (await out).map(({ parameters }) => Number(parameters));
    expect(numbers.length + dropped).toBe(30);
    expect(dropped).toBeGreaterThan(0);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(numbers.at(-1)).toBe(29);
  });

  test("refuses frames of a fast Observable under error, and refuses to block it", async () => {
    const frames = [0, 1, 2, 3].map((seed) => frame(seed));
    await expect(all(from(frames))).rejects.toBeInstanceOf(OverrunError);
    expect(await all(from(frames), { maxInFlight: 4 })).toEqual(frames);
    expect(() => deblurFrames(from(frames), engineOf(), { ...options, policy: "block" })).toThrow(
      OptionError,
    );
    expect(() => deblurFrames(frames, engineOf(), { ...options, maxInFlight: 0 })).toThrow(
      OptionError,
    );
  });
});
