/**
 * TLC's pooling in ONNX: the mean over a window clipped to the map, by running sums along each axis, so
 * that a window of 384×384 costs as much as one of 2×2.
 */
import type { Value } from "../graph/graph.ts";
import type { Emitter } from "./emitter.ts";

interface LocalPool {
  readonly window: number;
  /** Of the map. */
  readonly scale: Value["scale"];
}

/**
 * [1, C, H, W] → the same shape; the window is min(window, H) × min(window, W). What depends on the map's size
 * alone is computed once for all maps of a scale: a session opens the sooner, the fewer nodes there are.
 */
export function localPool(e: Emitter, x: string, { window, scale }: LocalPool): string {
  const once = (what: string, make: () => string) =>
    e.once(`${what} of windows of ${window} at ${scale}`, make);
  const sides = once("sides", () => {
    const size = e.node("Slice", [e.node("Shape", [x]), e.integers(2), e.integers(4)]); // [H, W]
    return e.node("Min", [size, e.integers(window, window)]);
  });
  const side = (axis: 0 | 1) =>
    once(`side ${axis}`, () => e.node("Slice", [sides, e.integers(axis), e.integers(axis + 1)]));
  const [height, width] = [side(0), side(1)];
  const negative = (of: string) => e.once(`minus ${of}`, () => e.node("Neg", [of]));

  const columns = slidingSum(e, x, 2, { side: height, minusSide: negative(height) });
  const sums = slidingSum(e, columns, 3, { side: width, minusSide: negative(width) });
  const area = once("area", () => e.node("Cast", [e.node("Mul", [height, width])], { to: 1 }));
  const means = e.node("Div", [sums, area]);

  // A window of k fits n − k + 1 times; the odd missing cell is replicated right/bottom.
  const pads = once("pads", () => {
    const missing = e.node("Sub", [sides, e.integers(1)]);
    const before = e.node("Div", [missing, e.integers(2)]);
    const after = e.node("Sub", [missing, before]);
    const none = e.integers(0, 0);
    return e.node("Concat", [none, before, none, after], { axis: 0 });
  });
  return e.node("Pad", [means, pads], { mode: "edge" });
}

/** Sums over `side` neighbours along `axis`: [.., n, ..] → [.., n − side + 1, ..]. */
function slidingSum(
  e: Emitter,
  x: string,
  axis: 2 | 3,
  { side, minusSide }: { readonly side: string; readonly minusSide: string },
): string {
  const running = e.node("CumSum", [x, e.integers(axis)]);
  const zeros = e.integers(0, 0, axis === 2 ? 1 : 0, axis === 3 ? 1 : 0, 0, 0, 0, 0);
  const sums = e.node("Pad", [running, zeros]); // sums[i] = Σ x[0..i)
  const axes = e.integers(axis);
  const upper = e.node("Slice", [sums, side, e.integers(2 ** 40), axes]);
  const lower = e.node("Slice", [sums, e.integers(0), minusSide, axes]);
  return e.node("Sub", [upper, lower]);
}
