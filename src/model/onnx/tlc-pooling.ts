/**
 * Writes TLC's pooling as ONNX nodes: the mean over a window clipped to the map. Running sums along each axis make
 * the cost independent of the window's size.
 */
import type { Value } from "../graph/graph.ts";
import {
  type Dimension,
  dimensionsOf,
  type Emitter,
  patchesName,
  sizedIfSmall,
} from "./emitter.ts";

/**
 * Keeps the shape [1, C, H, W]; the window is min(window, H) × min(window, W). Values that depend on the map's size
 * only are computed once for all maps of a scale, because fewer nodes make a session open faster.
 */
export function emitTlcPooling(e: Emitter, x: string, value: Value, window: number): string {
  const once = (what: string, make: () => string) =>
    e.once(`${what} of windows of ${window} at ${value.scale}${patchesName(value)}`, make);
  const sides = once("sides", () => {
    const size = e.node("Slice", [e.node("Shape", [x]), e.integers(2), e.integers(4)]); // [H, W]
    return e.node("Min", [size, e.integers(window, window)]);
  });
  const side = (axis: 0 | 1) =>
    once(`side ${axis}`, () => e.node("Slice", [sides, e.integers(axis), e.integers(axis + 1)]));
  const [height, width] = [side(0), side(1)];

  const dims = dimensionsOf(value);
  const columns = slidingSum(e, x, { axis: 2, side: height, window, value, dims });
  const places = placesOf(dims, 2, window);
  const sums = slidingSum(e, columns, { axis: 3, side: width, window, value, dims: places });
  const area = once("area", () => e.node("Cast", [e.node("Mul", [height, width])], { to: 1 }));
  const means = sizedIfSmall(e, value, placesOf(places, 3, window), e.node("Div", [sums, area]));

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

interface Sliding {
  readonly axis: 2 | 3;
  readonly side: string;
  readonly window: number;
  readonly value: Value;
  /** Dimensions of the input. */
  readonly dims: readonly Dimension[];
}

/** Sums over `side` neighbours along `axis`: [.., n, ..] → [.., n − side + 1, ..]. */
function slidingSum(e: Emitter, x: string, { axis, side, window, value, dims }: Sliding): string {
  const running = sizedIfSmall(e, value, dims, e.node("CumSum", [x, e.integers(axis)]));
  const zeros = e.integers(0, 0, axis === 2 ? 1 : 0, axis === 3 ? 1 : 0, 0, 0, 0, 0);
  const longer = dims.with(axis, `${dims[axis]} + 1`);
  const sums = sizedIfSmall(e, value, longer, e.node("Pad", [running, zeros])); // sums[i] = Σ x[0..i)
  const axes = e.integers(axis);
  const minusSide = e.once(`minus ${side}`, () => e.node("Neg", [side]));
  const places = placesOf(dims, axis, window);
  const slice = (from: string, to: string) =>
    sizedIfSmall(e, value, places, e.node("Slice", [sums, from, to, axes]));
  const upper = slice(side, e.integers(2 ** 40));
  return sizedIfSmall(e, value, places, e.node("Sub", [upper, slice(e.integers(0), minusSide)]));
}

/** Dimensions of the window's positions along `axis`. */
function placesOf(dims: readonly Dimension[], axis: 2 | 3, window: number): readonly Dimension[] {
  return dims.with(axis, `places of ${window} in ${dims[axis]}`);
}
