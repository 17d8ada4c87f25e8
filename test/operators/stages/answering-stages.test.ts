/** Tests all stages with calls that succeed late or fail, with marbles in turns. */
import { map, type OperatorFunction, tap } from "rxjs";
import { describe, expect, test } from "vitest";
import { type StageName, TileError } from "../../../src/errors.ts";
import { planPoints } from "../../../src/image/point-grid.ts";
import type { ImageSource } from "../../../src/image/raster.ts";
import type { DeviceTensor, Engine } from "../../../src/model/engine.ts";
import { sampleKernels, sampleSigma } from "../../../src/operators/samples/sample-field.ts";
import { deblur } from "../../../src/operators/stages/deblur.ts";
import { decode } from "../../../src/operators/stages/decode.ts";
import { decodeFlow } from "../../../src/operators/stages/decode-flow.ts";
import { deconvolve } from "../../../src/operators/stages/deconvolve.ts";
import { estimateKernels } from "../../../src/operators/stages/estimate-kernels.ts";
import { skipSharp } from "../../../src/operators/stages/skip-sharp.ts";
import { store } from "../../../src/operators/stages/store.ts";
import { takeKernels } from "../../../src/operators/stages/take-kernels.ts";
import type { Tile } from "../../../src/operators/stages/tile.ts";
import { write } from "../../../src/operators/stages/write.ts";
import { play, type Wait } from "../flow/turn-marbles.ts";

const pitch = 16;
const indexOf = (letter: string): number => letter.charCodeAt(0) - "a".charCodeAt(0);
const letterOf = (index: number): string => String.fromCharCode("a".charCodeAt(0) + index);
const rectOf = (index: number) => ({ x: pitch * index, y: 0, width: 2, height: 1 });
const tileOf = (index: number): Tile => ({ index, read: rectOf(index), core: rectOf(index) });
const raster = { width: 2, height: 1, channels: 1, samples: Uint8Array.of(7, 7) };
const points = planPoints({ width: 3 * pitch, height: 1, spacing: 1 });
const options = { timeout: 60, alignment: 1, residualLimit: 1 };

/** Frames until each tile's result: b and c overtake a. */
const times = [5, 2, 2];

/** Tensors of tiles, and an engine, source, sink and store that resolve after these times; tile `failing` fails. */
function answering(wait: Wait, failing?: number) {
  const alive = new Map<number, number>();
  let next = 0;
  const tensor = (index: number, channels: number): DeviceTensor => {
    alive.set(next, index);
    return { id: next++, shape: [1, channels, 1, 2] };
  };
  const answer = async (index: number): Promise<void> => {
    await wait(times[index] as number);
    if (index === failing) throw new Error("on fire");
  };
  const of = ({ id }: DeviceTensor): number => {
    const index = alive.get(id);
    if (index === undefined) throw new Error(`tensor ${id} is not alive`);
    return index;
  };
  const engine = {
    kernelField: { size: 3, stride: 1 },
    async upload(pixels: Float32Array) {
      await answer(pixels[0] as number);
      return tensor(pixels[0] as number, 3);
    },
    estimateKernels: async (image: DeviceTensor) => ({
      code: tensor(of(image), 9),
      sigma: tensor(of(image), 1),
    }),
    async decodeFlow({ code }: { code: DeviceTensor }) {
      const index = of(code);
      await answer(index);
      return tensor(index, 9);
    },
    async deconvolve(image: DeviceTensor) {
      await answer(of(image));
      return tensor(of(image), 3);
    },
    async restore(image: DeviceTensor) {
      await answer(of(image));
      return { residual: new Float32Array(6), rms: 0 };
    },
    async download(kernels: DeviceTensor) {
      await answer(of(kernels));
      return new Float32Array(18);
    },
    async sample(field: DeviceTensor, cells: readonly number[]) {
      await answer(of(field));
      // A kernel with blur, so that its tile is not sharp.
      return new Float32Array(cells.length * field.shape[1]).fill(1);
    },
    release(...tensors: DeviceTensor[]) {
      for (const one of tensors) if (!alive.delete(one.id)) throw new Error("released twice");
    },
  } as unknown as Engine;
  const source: ImageSource = {
    ...{ width: 3 * pitch, height: 1, channels: 1, sampleType: "uint8" },
    async read({ x }) {
      await answer(x / pitch);
      return raster;
    },
  };
  const convert = async () => ({ source: raster, pixels: new Float32Array(6) });
  const sink = { write: ({ rect }: { rect: { x: number } }) => answer(rect.x / pitch) };
  const tiles = {
    has: () => false,
    put: ({ tile }: { tile: Tile }) => answer(tile.index),
  };
  return { alive, tensor, engine, source, convert, sink, tiles };
}

type Far = ReturnType<typeof answering>;
interface Case {
  readonly name: string;
  readonly stage: StageName;
  readonly message: (index: number, far: Far) => unknown;
  readonly operator: (far: Far) => OperatorFunction<never, unknown>;
}

const coded = (index: number, { tensor }: Far) => ({
  ...{ tile: tileOf(index), source: raster, image: tensor(index, 3) },
  ...{ code: tensor(index, 9), sigma: tensor(index, 1) },
});
const withKernels = (index: number, { tensor }: Far) => ({
  ...{ tile: tileOf(index), source: raster, image: tensor(index, 3), kernels: tensor(index, 9) },
  sigma: tensor(index, 1),
});
const withChange = (index: number, { tensor }: Far) => ({
  ...{ tile: tileOf(index), source: raster, image: tensor(index, 3), kernels: tensor(index, 9) },
  change: tensor(index, 3),
});
const passed = (index: number) => ({ tile: tileOf(index), copied: undefined, flat: false });
const sampling = [{ points, onSample: () => {} }];

const cases: Case[] = [
  {
    ...{ name: "decode", stage: "decode", message: tileOf },
    operator: ({ source, convert }) => decode(source, convert, options),
  },
  {
    ...{ name: "estimateKernels", stage: "estimate-kernels" },
    message: (index) => ({
      ...{ tile: tileOf(index), source: raster, width: 2, height: 1, flat: false },
      pixels: new Float32Array(6).fill(index),
    }),
    operator: ({ engine }) => estimateKernels(engine, options),
  },
  {
    ...{ name: "sampleSigma", stage: "estimate-kernels", message: coded },
    operator: ({ engine }) => sampleSigma(engine, sampling, options),
  },
  {
    ...{ name: "decodeFlow", stage: "decode-flow", message: coded },
    operator: ({ engine }) => decodeFlow(engine, options),
  },
  {
    ...{ name: "sampleKernels", stage: "decode-flow", message: withKernels },
    operator: ({ engine }) => sampleKernels(engine, sampling, options),
  },
  {
    ...{ name: "deconvolve", stage: "deconvolve", message: withKernels },
    operator: ({ engine }) => deconvolve(engine, options),
  },
  {
    ...{ name: "deblur", stage: "deblur", message: withChange },
    operator: ({ engine }) => deblur(engine, options),
  },
  {
    ...{ name: "takeKernels", stage: "decode-flow", message: withKernels },
    operator: ({ engine }) => takeKernels(engine, options),
  },
  {
    ...{ name: "skipSharp", stage: "decode-flow", message: withKernels },
    operator: ({ engine }) =>
      skipSharp(
        true,
        engine,
        // The stages themselves resolve at once.
        map(({ tile, image, kernels, sigma }) => {
          engine.release(image, kernels, sigma);
          return { ...passed(tile.index), source: raster, residual: new Float32Array(6) } as never;
        }),
        options,
      ),
  },
  {
    ...{ name: "store", stage: "write", message: passed },
    operator: ({ tiles }) => store(tiles, options),
  },
  {
    ...{ name: "write", stage: "write" },
    message: (index) => ({ ...passed(index), blocks: [{ rect: rectOf(index) }] }),
    operator: ({ sink }) => write(sink as never, options),
  },
];

/** The tensors that a message owns. */
const tensorsOf = (message: object): number[] =>
  Object.values(message)
    .filter((value) => value !== null && typeof value === "object" && "id" in value)
    .map(({ id }) => id);

describe.each(cases)("$name", ({ stage, message, operator }) => {
  /** `out` contains the output, `far` the tensors on the engine. */
  const run = async (marbles: string, more: { failing?: number; unsubscribeAt?: number } = {}) => {
    const out: object[] = [];
    let far: Far | undefined;
    const played = await play(
      marbles,
      (letters, wait) => {
        const end = answering(wait, more.failing);
        far = end;
        return letters.pipe(
          map((letter) => message(indexOf(letter), end) as never),
          operator(end),
          tap((one) => out.push(one as object)),
          map((one) => letterOf((one as { tile: Tile }).tile.index)),
        );
      },
      more,
    );
    return { played, out, alive: [...(far as Far).alive.keys()].sort() };
  };

  test("emits each tile with its tensors when it is answered, and completes with the last", async () => {
    const { played, out, alive } = await run("abc|");
    expect(played).toEqual({ out: "---bc(a|)", source: "^--!", error: undefined });
    expect(alive).toEqual(out.flatMap(tensorsOf).sort());
  });

  test("a failing tile ends it with its position and stage; no tensor of the others stays on the engine", async () => {
    const { played, alive } = await run("abc-----|", { failing: 1 });
    expect([played.out, played.source]).toEqual(["---#", "^--!"]);
    expect(played.error).toEqual(new TileError(rectOf(1), stage, "on fire"));
    expect(alive).toEqual([]);
  });

  test("an unsubscribe ends its source and releases results that arrive later", async () => {
    const { played, alive } = await run("abc-----|", { unsubscribeAt: 3 });
    expect(played).toEqual({ out: "", source: "^--!", error: undefined });
    expect(alive).toEqual([]);
  });
});
