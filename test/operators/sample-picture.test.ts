import fc from "fast-check";
import { lastValueFrom } from "rxjs";
import { expect, test } from "vitest";
import { openCopyEngine } from "../../src/model/engines/copy.ts";
import { gatherSamples } from "../../src/operators/gather-samples.ts";
import { planPoints } from "../../src/operators/point-grid.ts";
import { samplePicture } from "../../src/operators/sample-picture.ts";
import { deblurImage } from "../../src/pipeline/deblur-image.ts";
import { memoryConvert, memorySink, memorySource, noisePicture } from "./fakes.ts";

test("the sampled picture is the mean colour around each point, as if there were no tiles", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        width: fc.integer({ min: 1, max: 120 }),
        height: fc.integer({ min: 1, max: 120 }),
        spacing: fc.integer({ min: 1, max: 16 }),
        halo: fc.constantFrom(16, 32),
      }),
      async ({ width, height, spacing, halo }) => {
        const picture = noisePicture({ width, height, channels: 3, bits: 8 });
        const points = planPoints({ width, height, spacing });
        const reduced = gatherSamples(points, 3);
        await lastValueFrom(
          deblurImage(memorySource(picture), memorySink(picture), openCopyEngine(), {
            convert: memoryConvert(8),
            tile: 32 + 2 * halo,
            halo,
            feather: 0,
            inFlight: 3,
            timeout: 60,
            sample: { picture: [{ points, onSample: reduced.add }] },
          }),
        );
        expect(reduced.unseen()).toBe(0);
        for (let i = 0; i < reduced.values.length; i++) {
          const [column, row] = [
            Math.floor(i / 3) % points.columns,
            Math.floor(i / 3 / points.columns),
          ];
          const [left, top] = [points.x(column), points.y(row)].map((p) => p - (spacing >> 1));
          let [sum, count] = [0, 0];
          for (let y = top as number; y < (top as number) + spacing; y++) {
            for (let x = left as number; x < (left as number) + spacing; x++) {
              if (x < 0 || y < 0 || x >= width || y >= height) continue;
              sum += picture.samples[(y * width + x) * 3 + (i % 3)] as number;
              count++;
            }
          }
          expect(reduced.values[i]).toBeCloseTo(sum / count / 255, 5);
        }
      },
    ),
    { numRuns: 20 },
  );
});

test("without a listener the stream is the stream itself", () => {
  const stream = { pipe: () => {} } as never;
  expect(samplePicture([])(stream)).toBe(stream);
});
