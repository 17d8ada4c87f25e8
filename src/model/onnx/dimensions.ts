/** What dimensions are called that are known only when a graph runs: those of one name are equal. */
import type { Value } from "../graph/graph.ts";
import type { Emitter } from "./emitter.ts";

export type Dimension = number | string;

/** [1, channels, height, width] at the value's scale. */
export function dimensionsOf({ channels, scale }: Pick<Value, "channels" | "scale">): Dimension[] {
  if (scale === "pooled") return [1, channels, 1, 1];
  return [1, channels, at(scale, "height"), at(scale, "width")];
}

/** [1, channels, height · width] at the value's scale. */
export function rowsOf({ channels, scale }: Pick<Value, "channels" | "scale">): Dimension[] {
  return [1, channels, scale === "pooled" ? 1 : at(scale, "cells")];
}

function at(scale: number, name: string): string {
  return scale === 1 ? name : `${name}/${scale}`;
}

/**
 * `name`, a step on the way to `value`, its dimensions noted at the smaller scales. ONNX Runtime plans which values
 * share a buffer by comparing each with all that wait for one of their size: half of a session's opening where sizes
 * are unknown. But a buffer that waits is nobody else's: noted for the large maps as well, peak memory grows by a
 * quarter.
 */
export function step(
  e: Emitter,
  { scale }: Pick<Value, "scale">,
  dims: readonly Dimension[],
  name: string,
): string {
  return scale === "pooled" || scale >= 4 ? e.sized(dims, name) : name;
}
