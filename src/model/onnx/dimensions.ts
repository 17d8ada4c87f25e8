/** Names the dimensions that are known only at run time; dimensions with the same name are equal. */
import type { Value } from "../graph/graph.ts";

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
