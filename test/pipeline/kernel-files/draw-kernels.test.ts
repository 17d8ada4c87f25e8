import { describe, expect, test } from "vitest";
import { planPoints } from "../../../src/image/point-grid.ts";
import type { Figure } from "../../../src/io/sinks/figure.ts";
import { gatherSamples, type SampledField } from "../../../src/operators/samples/gather-samples.ts";
import { drawKernels } from "../../../src/pipeline/kernel-files/draw-kernels.ts";

const k = 19;
const one = { originX: 0, originY: 0, scale: 1 };

function black(width: number, height: number): Figure {
  return { width, height, rgb: new Uint8Array(3 * width * height) };
}

/** The same kernel at every point of an image. */
function fieldOf(kernel: Float32Array, width: number, height: number, spacing: number) {
  const field = gatherSamples(planPoints({ width, height, spacing }), kernel.length);
  for (let i = 0; i < field.values.length; i += kernel.length) field.values.set(kernel, i);
  return field;
}

function drawn(field: SampledField, figure = black(field.points.width, field.points.height)) {
  drawKernels(figure, field, one);
  return figure;
}

/** Centre and extent of the yellow pixels. */
function moments({ width, rgb }: Figure) {
  let [sum, x, y, xx, yy] = [0, 0, 0, 0, 0];
  for (let i = 0; i < rgb.length; i += 3) {
    const weight = rgb[i] as number;
    const [px, py] = [(i / 3) % width, Math.floor(i / 3 / width)];
    sum += weight;
    x += weight * px;
    y += weight * py;
    xx += weight * px * px;
    yy += weight * py * py;
  }
  const centre = { x: x / sum, y: y / sum };
  return {
    ...centre,
    width: Math.sqrt(xx / sum - centre.x ** 2),
    height: Math.sqrt(yy / sum - centre.y ** 2),
  };
}

/** A kernel of taps at (column, row). */
function kernelOf(...taps: [column: number, row: number][]): Float32Array {
  const kernel = new Float32Array(k * k);
  for (const [column, row] of taps) kernel[row * k + column] = 1 / taps.length;
  return kernel;
}

/** The paper's ⊗ with one kernel everywhere: blurry(p) = Σ_d K(d)·sharp(p + d). */
function blur(sharp: Float32Array, side: number, kernel: Float32Array): Float32Array {
  const half = (k - 1) / 2;
  return sharp.map((_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    let sum = 0;
    for (const [tap, weight] of kernel.entries()) {
      const [sx, sy] = [x + (tap % k) - half, y + Math.floor(tap / k) - half];
      if (sx < 0 || sy < 0 || sx >= side || sy >= side) continue;
      sum += weight * (sharp[sy * side + sx] as number);
    }
    return sum;
  });
}

describe("a rendered kernel", () => {
  const straight = Array.from({ length: 11 }, (_, i) => i + 4);
  const across = kernelOf(...straight.map((i): [number, number] => [i, 9]));
  const down = kernelOf(...straight.map((i): [number, number] => [9, i]));

  test("has the direction of its blur: an image blurred sideways has horizontal strokes", () => {
    const side = 41;
    const dot = new Float32Array(side * side);
    dot[20 * side + 20] = 1;
    for (const [kernel, lies] of [
      [across, true],
      [down, false],
    ] as const) {
      const blurry = blur(dot, side, kernel);
      const seen = (x: number, y: number) => (blurry[(20 + y) * side + 20 + x] as number) > 0;
      expect([seen(5, 0), seen(0, 5)]).toEqual([lies, !lies]);
      const extent = moments(drawn(fieldOf(kernel, 57, 57, 57)));
      expect(extent.width > 3 * extent.height).toBe(lies);
      expect(extent.height > 3 * extent.width).toBe(!lies);
    }
  });

  test("is oriented as it is stored: columns to the right, rows down, its centre at the point", () => {
    const at = (column: number, row: number) =>
      moments(drawn(fieldOf(kernelOf([column, row]), 95, 95, 95)));
    const tap = (95 * 0.92) / k;
    expect(at(9, 9).x).toBeCloseTo(47, 1);
    expect(at(9, 9).y).toBeCloseTo(47, 1);
    expect(at(15, 9).x - at(9, 9).x).toBeCloseTo(6 * tap, 0);
    expect(at(9, 13).y - at(9, 9).y).toBeCloseTo(4 * tap, 0);
  });

  test("is equally bright for any sum, and its negative values are left out", () => {
    const brightest = ({ rgb }: Figure) => Math.max(...rgb.filter((_, i) => i % 3 === 0));
    const faint = across.map((value) => value * 1e-4);
    expect(brightest(drawn(fieldOf(faint, 95, 95, 95)))).toBeGreaterThan(200);
    const dented = across.slice();
    dented[0] = -5;
    expect(drawn(fieldOf(dented, 95, 95, 95)).rgb).toEqual(drawn(fieldOf(across, 95, 95, 95)).rgb);
  });

  test.each([
    ["not seen", Number.NaN],
    ["nothing", 0],
    ["negative", -1],
  ])("leaves the image grey and dimmed if it is %s", (_, value) => {
    const figure = black(40, 40);
    figure.rgb.fill(200);
    drawn(fieldOf(new Float32Array(k * k).fill(value), 40, 40, 20), figure);
    expect(new Set(figure.rgb).size).toBe(1);
    expect(figure.rgb[0]).toBeLessThan(200);
  });

  test("is cut at the edge of the figure, and touches neither the other edge nor its neighbour", () => {
    const whole = new Float32Array(k * k).fill(1);
    for (const [width, height, spacing] of [
      [30, 1, 40],
      [7, 90, 40],
      [90, 50, 40],
    ] as const) {
      const { rgb } = drawn(fieldOf(whole, width, height, spacing));
      expect(rgb).toHaveLength(3 * width * height);
    }
    const two = drawn(fieldOf(whole, 80, 40, 40));
    const middle = two.rgb.filter((_, i) => i % 3 === 0 && Math.abs(((i / 3) % 80) - 39.5) < 1);
    expect(Math.max(...middle)).toBe(0);
  });

  test("is at its point in a reduced or enlarged image", () => {
    for (const scale of [0.5, 3]) {
      const [width, height] = [200, 120];
      const points = planPoints({ width, height, spacing: 150 });
      const field = gatherSamples(points, k * k);
      field.values.set(kernelOf([9, 9]));
      const figure = black((width - 20) * scale, (height - 10) * scale);
      drawKernels(figure, field, { originX: 20, originY: 10, scale });
      const { x, y } = moments(figure);
      expect(x + 0.5).toBeCloseTo((points.x(0) + 0.5 - 20) * scale, 0);
      expect(y + 0.5).toBeCloseTo((points.y(0) + 0.5 - 10) * scale, 0);
    }
  });
});
