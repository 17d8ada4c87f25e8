import fc from "fast-check";
import { expect, test } from "vitest";
import { plainRadiometry } from "../../../src/image/radiometry.ts";
import { reblur } from "../../../src/model/blur/reblur.ts";
import { expanded } from "../../../src/tools/evaluate/reblur-image.ts";
import { reblurTile } from "../../../src/tools/evaluate/reblur-tile.ts";
import { referenceNets, tensorOf } from "../../fixtures/reference.ts";
import { pseudoRandom } from "../../model/compare.ts";

/** The picture blurred in cores of `core` pixels a side, each with the cells of all of it. */
function inTiles(
  image: Float32Array,
  field: { kernels: Float32Array; kernelSize: number; stride: number },
  { width, height, core: side }: { width: number; height: number; core: number },
): Float32Array {
  const { kernels, kernelSize, stride } = field;
  const whole = { x: 0, y: 0, width, height };
  const out = new Float32Array(3 * width * height);
  for (let y = 0; y < height; y += side) {
    for (let x = 0; x < width; x += side) {
      const core = { x, y, width: Math.min(side, width - x), height: Math.min(side, height - y) };
      const around = expanded(core, (kernelSize - 1) / 2, whole);
      const samples = Float32Array.from({ length: around.width * around.height * 3 }, (_, i) => {
        const pixel = Math.floor(i / 3);
        const column = around.x + (pixel % around.width);
        const row = around.y + Math.floor(pixel / around.width);
        return image[((i % 3) * height + row) * width + column] as number;
      });
      const { values } = reblurTile({
        raster: { width: around.width, height: around.height, channels: 3, samples },
        radiometry: plainRadiometry(3, "float32"),
        around,
        core,
        read: whole,
        kernels: Float32Array.from(kernels),
        kernelSize,
        rows: Math.ceil(height / stride),
        columns: Math.ceil(width / stride),
        stride,
      });
      values.forEach((value, i) => {
        const pixel = Math.floor(i / 3);
        const row = y + Math.floor(pixel / core.width);
        out[((i % 3) * height + row) * width + x + (pixel % core.width)] = value;
      });
    }
  }
  return out;
}

test("tile by tile it equals the authors' code on the whole image", () => {
  for (const { io } of referenceNets()) {
    const expected = tensorOf(io, "reblur.reflect");
    const [, , height = 0, width = 0] = expected.shape;
    const input = tensorOf(io, "input");
    const [, , inputHeight = 0, inputWidth = 0] = input.shape;
    // Only where no padding of the net's is seen do both see the same picture.
    const decoded = tensorOf(io, "flow.kernels");
    const [, , taps = 0] = decoded.shape;
    const area = width * height;
    const image = Float32Array.from({ length: 3 * area }, (_, i) => {
      const [c, y, x] = [Math.floor(i / area), Math.floor(i / width) % height, i % width];
      const row = Math.min(y, 2 * inputHeight - 2 - y);
      const column = Math.min(x, 2 * inputWidth - 2 - x);
      return input.data[(c * inputHeight + row) * inputWidth + column] as number;
    });
    const kernels = decoded.data.map(
      (_, i) => decoded.data[(i % area) * taps + Math.floor(i / area)] as number,
    );
    const field = { kernels, kernelSize: Math.sqrt(taps), stride: 1 };
    const found = inTiles(image, field, { width, height, core: 16 });
    const worst = found.reduce(
      (most, v, i) => Math.max(most, Math.abs(v - (expected.data[i] as number))),
      0,
    );
    expect(worst).toBeLessThan(1e-5);
  }
});

test("a kernel holds for all pixels of its cell, wherever tiles are cut", () => {
  const size = fc.integer({ min: 1, max: 40 });
  const stride = fc.constantFrom(1, 2, 4);
  fc.assert(
    fc.property(
      size,
      size,
      stride,
      fc.integer({ min: 4, max: 24 }),
      (width, height, stride, core) => {
        const [rows, columns] = [Math.ceil(height / stride), Math.ceil(width / stride)];
        const kernels = pseudoRandom(25 * rows * columns);
        const image = pseudoRandom(3 * width * height, 7);
        const area = width * height;
        const written = Float32Array.from({ length: 25 * area }, (_, i) => {
          const [tap, y, x] = [Math.floor(i / area), Math.floor(i / width) % height, i % width];
          return kernels[
            (tap * rows + Math.floor(y / stride)) * columns + Math.floor(x / stride)
          ] as number;
        });
        const expected = reblur({ width, height, values: image }, written, {
          kernelSize: 5,
          border: "reflect",
        });
        const found = inTiles(image, { kernels, kernelSize: 5, stride }, { width, height, core });
        found.forEach((value, i) => {
          expect(value).toBeCloseTo(expected[i] as number, 4);
        });
      },
    ),
    { numRuns: 25 },
  );
});
