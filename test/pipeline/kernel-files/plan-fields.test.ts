import fc from "fast-check";
import { expect, test } from "vitest";
import {
  mapEnlargement,
  mappedSigma,
  planFigure,
  renderedKernels,
  storedKernels,
} from "../../../src/pipeline/kernel-files/plan-fields.ts";

const side = fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 2_000_000 }));
const stride = fc.constantFrom(1, 2, 4);

test("bounds each figure and field for any size of image", () => {
  fc.assert(
    fc.property(side, side, stride, (width, height, stride) => {
      const size = { width, height };
      const most = ({ columns, rows }: { columns: number; rows: number }) =>
        Math.max(columns, rows);
      const figure = planFigure(size);
      expect(most(figure.points) * figure.enlargement).toBeLessThanOrEqual(2048);
      expect(most(renderedKernels(size))).toBeLessThanOrEqual(24);
      expect(most(storedKernels(size))).toBeLessThanOrEqual(256);
      const sigma = mappedSigma({ ...size, kernelField: { size: 19, stride } });
      expect(most(sigma)).toBeLessThanOrEqual(2048);
      expect(most(sigma) * mapEnlargement(sigma, size)).toBeLessThanOrEqual(3072);
    }),
    { numRuns: 1000 },
  );
});

test("aligns a figure's pixels with the image, and keeps rendered kernels inside the figure", () => {
  fc.assert(
    fc.property(side, side, (width, height) => {
      const { points, placement, enlargement } = planFigure({ width, height });
      const { originX, scale } = placement;
      if (width >= Math.round(enlargement / scale)) expect(originX).toBeGreaterThanOrEqual(0);
      // Pixel i of the reduced image begins at i · enlargement.
      const reduction = Math.round(enlargement / scale);
      for (const column of [0, points.columns - 1]) {
        const begins = (points.x(column) - Math.floor(reduction / 2) - originX) * scale;
        expect(begins).toBeCloseTo(column * enlargement, 6);
      }
      const kernels = renderedKernels({ width, height });
      expect(kernels.spacing * scale).toBeGreaterThanOrEqual(40);
    }),
    { numRuns: 500 },
  );
});
