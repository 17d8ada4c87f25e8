/**
 * TLC's pooling in ONNX: the mean over a window clipped to the map, by running sums along each axis, so
 * that a window of 384×384 costs as much as one of 2×2.
 */
import type { Emitter } from "./emitter.ts";

/** [1, C, H, W] → the same shape; the window is min(window, H) × min(window, W). */
export function localPool(e: Emitter, x: string, window: number): string {
  const size = e.node("Slice", [e.node("Shape", [x]), e.integers(2), e.integers(4)]); // [H, W]
  const sides = e.node("Min", [size, e.integers(window, window)]);
  const side = (axis: 0 | 1) => e.node("Slice", [sides, e.integers(axis), e.integers(axis + 1)]);
  const [height, width] = [side(0), side(1)];

  const sums = slidingSum(e, slidingSum(e, x, 2, height), 3, width);
  const area = e.node("Cast", [e.node("Mul", [height, width])], { to: 1 });
  const means = e.node("Div", [sums, area]);

  // A window of k fits n − k + 1 times; the odd missing cell is replicated right/bottom.
  const one = e.integers(1);
  const missing = e.node("Sub", [sides, one]);
  const before = e.node("Div", [missing, e.integers(2)]);
  const after = e.node("Sub", [missing, before]);
  const none = e.integers(0, 0);
  const pads = e.node("Concat", [none, before, none, after], { axis: 0 });
  return e.node("Pad", [means, pads], { mode: "edge" });
}

/** Sums over `side` neighbours along `axis`: [.., n, ..] → [.., n − side + 1, ..]. */
function slidingSum(e: Emitter, x: string, axis: 2 | 3, side: string): string {
  const running = e.node("CumSum", [x, e.integers(axis)]);
  const zeros = e.integers(0, 0, axis === 2 ? 1 : 0, axis === 3 ? 1 : 0, 0, 0, 0, 0);
  const sums = e.node("Pad", [running, zeros]); // sums[i] = Σ x[0..i)
  const axes = e.integers(axis);
  const upper = e.node("Slice", [sums, side, e.integers(2 ** 40), axes]);
  const lower = e.node("Slice", [sums, e.integers(0), e.node("Neg", [side]), axes]);
  return e.node("Sub", [upper, lower]);
}
