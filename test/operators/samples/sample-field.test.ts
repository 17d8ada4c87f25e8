import fc from "fast-check";
import { lastValueFrom, type Subscription } from "rxjs";
import { describe, expect, test } from "vitest";
import { OptionError, TileError } from "../../../src/errors.ts";
import { type PointGrid, planPoints } from "../../../src/image/point-grid.ts";
import type { KernelField } from "../../../src/model/engine.ts";
import { openCopyEngine } from "../../../src/model/engines/copy.ts";
import { gatherSamples, type SampledField } from "../../../src/operators/samples/gather-samples.ts";
import {
  type Sample,
  sampleKernels,
  sampleSigma,
} from "../../../src/operators/samples/sample-field.ts";
import { deblurImage } from "../../../src/pipeline/deblur-image.ts";
import {
  fakeEngine,
  type Gate,
  type Image,
  identityNet,
  memoryConvert,
  memorySink,
  memorySource,
  openGate,
  seeded,
  turns,
} from "../fakes.ts";

/** Every pixel has its own index as value, so that a sample identifies its pixel. */
function numbered(width: number, height: number): Image {
  const samples = Uint16Array.from({ length: width * height }, (_, i) => i);
  return { width, height, channels: 1, bits: 16, samples };
}

const cuts = { tile: 48, halo: 16, feather: 8, inFlight: 4, timeout: 60 };

interface Run {
  readonly image: Image;
  readonly kernelField: KernelField;
  readonly gate?: Gate;
  readonly cut?: Partial<typeof cuts>;
  readonly onSample?: (sample: Sample) => void;
}

/** Kernels at `points` and σ at points with twice the spacing, of a whole run. */
async function sampled(points: PointGrid, { image, kernelField, gate, cut, onSample }: Run) {
  const kernels = gatherSamples(points, kernelField.size ** 2);
  const sigma = gatherSamples(planPoints({ ...image, spacing: 2 * points.spacing }), 1);
  const times = new Uint8Array(points.columns * points.rows);
  const engine = fakeEngine(identityNet, gate, kernelField);
  await lastValueFrom(
    deblurImage(memorySource(image, gate), memorySink(image, gate), engine, {
      ...cuts,
      ...cut,
      convert: memoryConvert(16, gate),
      sample: {
        sigma: [{ points: sigma.points, onSample: sigma.add }],
        kernels: [
          {
            points,
            onSample(sample) {
              onSample?.(sample);
              const { x, y, width, height } = sample.points;
              for (let i = 0; i < width * height; i++) {
                const at = (y + Math.floor(i / width)) * points.columns + x + (i % width);
                times[at] = (times[at] as number) + 1;
              }
              kernels.add(sample);
            },
          },
        ],
      },
    }),
  );
  expect(engine.liveHandles()).toBe(0);
  return { kernels, sigma, times };
}

/** Point i of a field belongs to the cell that contains it; cells are counted from the image's corner. */
function expectCells(field: SampledField, { width }: Image, stride: number): void {
  const { points, channels, values } = field;
  const floor = (pixel: number) => stride * Math.floor(pixel / stride);
  for (let i = 0; i < points.rows * points.columns; i++) {
    const x = floor(points.x(i % points.columns));
    const y = floor(points.y(Math.floor(i / points.columns)));
    for (let channel = 0; channel < channels; channel++) {
      const seen = (values[i * channels + channel] as number) / (channel + 1);
      expect(Math.round(seen * 65_535)).toBe(y * width + x);
    }
  }
}

describe("sampled kernels and σ", () => {
  test("cover every point once with its own cell, for any tiling and order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          width: fc.integer({ min: 1, max: 200 }),
          height: fc.integer({ min: 1, max: 160 }),
          spacing: fc.integer({ min: 1, max: 60 }),
          stride: fc.constantFrom(1, 2, 4),
          halo: fc.constantFrom(0, 16, 32),
          core: fc.constantFrom(16, 32, 64),
          seed: fc.integer(),
        }),
        async ({ width, height, spacing, stride, halo, core, seed }) => {
          const image = numbered(width, height);
          const random = seeded(seed);
          const points = planPoints({ width, height, spacing });
          const { kernels, sigma, times } = await sampled(points, {
            image,
            kernelField: { size: 2, stride },
            gate: openGate(() => turns(Math.floor(random() * 3))),
            cut: { tile: core + 2 * halo, halo, feather: 0 },
          });
          expect(times.every((count) => count === 1)).toBe(true);
          expect([kernels.unseen(), sigma.unseen()]).toEqual([0, 0]);
          expectCells(kernels, image, stride);
          expectCells(sigma, image, stride);
        },
      ),
      { numRuns: 25 },
    );
  });

  const image = numbered(80, 80);
  const kernelField = { size: 3, stride: 4 };
  const points = planPoints({ width: 80, height: 80, spacing: 10 });

  test("cost nothing if not requested: no call, and the stream itself", async () => {
    const gate = openGate();
    const engine = fakeEngine(identityNet, gate, kernelField);
    const options = { ...cuts, convert: memoryConvert(16, gate) };
    await lastValueFrom(
      deblurImage(memorySource(image, gate), memorySink(image, gate), engine, options),
    );
    expect(gate.calls).not.toContain("sample");
    const stream = { pipe: () => {} } as never;
    expect(sampleKernels(engine, [], cuts)(stream)).toBe(stream);
    expect(sampleSigma(engine, [], cuts)(stream)).toBe(stream);
  });

  test("an error of a listener fails the tile at its stage, and no tensor stays", async () => {
    const cause = new Error("no room");
    const run = sampled(points, {
      image,
      kernelField,
      onSample: () => {
        throw cause;
      },
    });
    const error = await run.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TileError);
    expect(error).toMatchObject({ stage: "decode-flow", cause });
  });

  test("no tensor stays on the engine if any call fails or is cancelled", async () => {
    for (const cancel of [false, true]) {
      for (let at = 0, reached = true; reached; at++) {
        reached = false;
        let running: Subscription | undefined;
        const gate = openGate(async (_, n) => {
          if (n !== at) return turns(n % 3);
          reached = true;
          if (!cancel) throw new Error(`call ${at}`);
          await Promise.resolve().then(() => running?.unsubscribe());
        });
        const engine = fakeEngine(identityNet, gate, kernelField);
        const sampling = { points, onSample: () => {} };
        running = deblurImage(memorySource(image, gate), memorySink(image, gate), engine, {
          ...cuts,
          convert: memoryConvert(16, gate),
          sample: { sigma: [sampling, sampling], kernels: [sampling, sampling] },
        }).subscribe({ error: () => {} });
        while (!running.closed) await turns(1);
        while (gate.pending() > 0) await turns(1);
        await turns(5);
        expect([cancel, at, engine.liveHandles()]).toEqual([cancel, at, 0]);
      }
    }
  });

  test("a failed tile that is copied leaves its points unseen", async () => {
    let flows = 0;
    const gate = openGate((name) => {
      if (name === "flow" && ++flows === 2) throw new Error("flow 2");
    });
    const engine = fakeEngine(identityNet, gate, kernelField);
    const kernels = gatherSamples(points, 9);
    await lastValueFrom(
      deblurImage(memorySource(image), memorySink(image), engine, {
        ...cuts,
        inFlight: 1,
        convert: memoryConvert(16),
        onTileError: "copy",
        sample: { kernels: [{ points, onSample: kernels.add }] },
      }),
    );
    const unseen = kernels.values.filter(Number.isNaN).length;
    expect(unseen).toBeGreaterThan(0);
    expect(unseen).toBe(9 * kernels.unseen());
    expect(engine.liveHandles()).toBe(0);
  });

  test.each([
    ["an engine without kernels", openCopyEngine(), points, "knows motion kernels"],
    [
      "points of another image",
      fakeEngine(identityNet, openGate(), kernelField),
      planPoints({ width: 80, height: 79, spacing: 8 }),
      "80×80",
    ],
  ])("%s: rejected at once", (_, engine, at, said) => {
    const start = () =>
      deblurImage(memorySource(image), memorySink(image), engine, {
        ...cuts,
        convert: memoryConvert(16),
        sample: { sigma: [{ points: at, onSample: () => {} }] },
      });
    expect(start).toThrow(OptionError);
    expect(start).toThrow(said);
  });
});

test("a sample of another field is rejected", () => {
  const field = gatherSamples(planPoints({ width: 9, height: 9, spacing: 3 }), 1);
  const sample = {
    tile: {
      index: 0,
      read: { x: 0, y: 0, width: 9, height: 9 },
      core: { x: 0, y: 0, width: 9, height: 9 },
    },
    points: { x: 1, y: 0, width: 3, height: 1 },
    channels: 1,
    values: new Float32Array(3),
  };
  expect(() => field.add(sample)).toThrow("3×3 points");
});
