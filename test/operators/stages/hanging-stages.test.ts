/** Tests all stages with calls that never resolve, in virtual time. */
import { type OperatorFunction, pipe } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import { describe, expect, test } from "vitest";
import { type StageName, StageTimeoutError, TileError } from "../../../src/errors.ts";
import { planPoints } from "../../../src/image/point-grid.ts";
import type { Engine } from "../../../src/model/engine.ts";
import { sampleKernels, sampleSigma } from "../../../src/operators/samples/sample-field.ts";
import { deblur } from "../../../src/operators/stages/deblur.ts";
import { decode } from "../../../src/operators/stages/decode.ts";
import { decodeFlow } from "../../../src/operators/stages/decode-flow.ts";
import { deconvolve } from "../../../src/operators/stages/deconvolve.ts";
import { estimateKernels } from "../../../src/operators/stages/estimate-kernels.ts";
import { skipSharp } from "../../../src/operators/stages/skip-sharp.ts";
import { store } from "../../../src/operators/stages/store.ts";
import { takeKernels } from "../../../src/operators/stages/take-kernels.ts";
import { write } from "../../../src/operators/stages/write.ts";

const rect = { x: 0, y: 0, width: 2, height: 1 };
const tile = { index: 0, read: rect, core: rect };
const source = { width: 2, height: 1, channels: 1, samples: Uint8Array.of(7, 7) };
const image = { id: 0, shape: [1, 3, 1, 2] } as const;
const kernels = { id: 1, shape: [1, 9, 1, 2] } as const;
const sigma = { id: 2, shape: [1, 1, 1, 2] } as const;
const passed = { tile, source, copied: undefined, flat: false };
const restored = { ...passed, residual: new Float32Array(6), width: 2, height: 1 };
const sampling = [{ points: planPoints({ ...source, spacing: 1 }), onSample: () => {} }];
const options = { timeout: 0.005, alignment: 1, residualLimit: 1 };
const never = () => new Promise<never>(() => {});

/** An engine, source, sink and store that never resolve; `seen` records released tensors and aborted signals. */
function hanging() {
  const seen = { released: [] as number[], aborted: 0 };
  const heard = (signal: AbortSignal): Promise<never> => {
    signal.addEventListener("abort", () => seen.aborted++);
    return never();
  };
  const engine = {
    kernelField: { size: 3, stride: 1 },
    upload: never,
    decodeFlow: never,
    deconvolve: never,
    restore: never,
    download: never,
    sample: never,
    release: (...tensors: { id: number }[]) => seen.released.push(...tensors.map(({ id }) => id)),
  } as unknown as Engine;
  const ends = {
    source: {
      ...{ width: 2, height: 1, channels: 1, sampleType: "uint8" as const },
      read: (_: unknown, { signal }: { signal: AbortSignal }) => heard(signal),
    },
    sink: { write: (_: unknown, { signal }: { signal: AbortSignal }) => heard(signal) },
    store: {
      has: () => false,
      put: (_: unknown, { signal }: { signal: AbortSignal }) => heard(signal),
    },
  };
  return { seen, engine, ...ends };
}

type Far = ReturnType<typeof hanging>;
interface Case {
  readonly name: string;
  readonly stage: StageName;
  readonly message: unknown;
  readonly operator: (far: Far) => OperatorFunction<never, unknown>;
  /** Tensors that the message owned, and calls that receive a signal. */
  readonly owned: number[];
  readonly signals: number;
}

const block = { rect, source, residual: new Float32Array(6) };
const kernelTile = { tile, source, image, kernels, sigma };
const deconvolvedTile = { tile, source, image, kernels, change: sigma };
const cases: Case[] = [
  {
    ...{ name: "decode", stage: "decode", message: tile, owned: [], signals: 1 },
    operator: (far) => decode(far.source, never, options),
  },
  {
    ...{ name: "estimateKernels", stage: "estimate-kernels", owned: [], signals: 0 },
    message: { tile, source, pixels: new Float32Array(6), width: 2, height: 1, flat: false },
    operator: (far) => estimateKernels(far.engine, options),
  },
  {
    ...{ name: "sampleSigma", stage: "estimate-kernels", owned: [0, 1, 2], signals: 0 },
    message: { tile, source, image, code: kernels, sigma },
    operator: (far) => sampleSigma(far.engine, sampling, options),
  },
  {
    ...{ name: "sampleKernels", stage: "decode-flow", owned: [0, 1, 2], signals: 0 },
    message: kernelTile,
    operator: (far) => sampleKernels(far.engine, sampling, options),
  },
  {
    ...{ name: "decodeFlow", stage: "decode-flow", owned: [0, 1, 2], signals: 0 },
    message: { tile, source, image, code: kernels, sigma },
    operator: (far) => decodeFlow(far.engine, options),
  },
  {
    ...{ name: "deconvolve", stage: "deconvolve", owned: [0, 1, 2], signals: 0 },
    message: kernelTile,
    operator: (far) => deconvolve(far.engine, options),
  },
  {
    ...{ name: "deblur", stage: "deblur", owned: [0, 1, 2], signals: 0 },
    message: deconvolvedTile,
    operator: (far) => deblur(far.engine, options),
  },
  {
    ...{ name: "takeKernels", stage: "decode-flow", message: kernelTile, owned: [0, 1, 2] },
    ...{ signals: 0, operator: (far) => takeKernels(far.engine, options) },
  },
  {
    ...{ name: "skipSharp", stage: "decode-flow", owned: [0, 1, 2], signals: 0 },
    message: kernelTile,
    operator: (far) =>
      skipSharp(
        true,
        far.engine,
        pipe(deconvolve(far.engine, options), deblur(far.engine, options)),
        options,
      ),
  },
  {
    ...{ name: "store", stage: "write", message: restored, owned: [], signals: 1 },
    operator: (far) => store(far.store, options),
  },
  {
    ...{ name: "write", stage: "write", message: { ...passed, blocks: [block, block] } },
    ...{ owned: [], signals: 1, operator: (far) => write(far.sink, options) },
  },
];

function marbles(body: Parameters<TestScheduler["run"]>[0]): void {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(body);
}

describe.each(cases)("$name", ({ stage, message, operator, owned, signals }) => {
  test("times out with its stage and position, aborts the call and releases the tile's tensors", () => {
    marbles(({ hot, flush, expectObservable, expectSubscriptions }) => {
      const far = hanging();
      const tiles = hot("  -a------|", { a: message as never });
      const error = new TileError(rect, stage, "no answer within 0.005 s", {
        cause: new StageTimeoutError(0.005),
      });
      expectObservable(tiles.pipe(operator(far))).toBe("------#", undefined, error);
      expectSubscriptions(tiles.subscriptions).toBe("^-----!");
      flush();
      expect({ ...far.seen, released: far.seen.released.sort() }).toEqual({
        released: owned,
        aborted: signals,
      });
    });
  });

  test("an unsubscribe aborts the call, releases the tile's tensors and stays silent", () => {
    marbles(({ hot, flush, expectObservable, expectSubscriptions }) => {
      const far = hanging();
      const tiles = hot("  -a------|", { a: message as never });
      expectObservable(tiles.pipe(operator(far)), "^--!").toBe("----");
      expectSubscriptions(tiles.subscriptions).toBe("^--!");
      flush();
      expect({ ...far.seen, released: far.seen.released.sort() }).toEqual({
        released: owned,
        aborted: signals,
      });
    });
  });

  test("passes on the end and the error of its source", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold<never>("--|").pipe(operator(hanging()))).toBe("--|");
      expectObservable(cold<never>("--#", {}, "gone").pipe(operator(hanging()))).toBe(
        "--#",
        {},
        "gone",
      );
    });
  });
});
