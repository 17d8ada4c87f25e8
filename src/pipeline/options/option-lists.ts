/** Reads options that list a few numbers, as text with commas or as an array. */
import { integer, invalid } from "../../check.ts";
import type { Rect } from "../../rect.ts";

/** Reads one or three different bands, counted from 1. @throws OptionError */
export function bandList(name: string, value: unknown): readonly number[] {
  const bands = numbersOf(value);
  if (bands?.length !== 1 && bands?.length !== 3) {
    throw invalid(name, "one or three bands such as 3,2,1", value);
  }
  for (const band of bands) integer(name, band, 1, Number.MAX_SAFE_INTEGER);
  if (new Set(bands).size < bands.length) throw invalid(name, "different bands", value);
  return bands;
}

/** Reads two numbers, the lower one first. @throws OptionError */
export function valueRange(name: string, value: unknown): readonly [low: number, high: number] {
  const [low, high, more] = numbersOf(value) ?? [];
  if (low !== undefined && high !== undefined && more === undefined && low < high) {
    return [low, high];
  }
  throw invalid(name, "two numbers such as 0,2047, the lower one first,", value);
}

/** Returns the number that a text such as 0.5 writes; anything else as it is. */
export function decimal(value: unknown): unknown {
  return typeof value === "string" && /^\d*\.?\d+$/.test(value) ? Number(value) : value;
}

/** Reads a rectangle in pixels. @throws OptionError */
export function rectangle(name: string, value: unknown): Rect {
  const given = isRect(value) ? [value.x, value.y, value.width, value.height] : value;
  const lengths = numbersOf(given) ?? [];
  const [x = 0, y = 0, width = 0, height = 0] = lengths;
  const isWhole = lengths.every((length) => Number.isSafeInteger(length) && length >= 0);
  if (isWhole && lengths.length === 4 && width > 0 && height > 0) return { x, y, width, height };
  throw invalid(name, "X,Y,WIDTH,HEIGHT in pixels, such as 100,50,640,480,", value);
}

function isRect(value: unknown): value is Rect {
  return typeof value === "object" && value !== null && !Array.isArray(value) && "width" in value;
}

/** Returns the finite numbers of a list; undefined for anything else. */
export function numbersOf(value: unknown): readonly number[] | undefined {
  const parts = typeof value === "string" ? value.split(",") : value;
  if (!Array.isArray(parts)) return undefined;
  const numbers = parts.map((part: unknown) =>
    typeof part === "string" && part.trim() !== "" ? Number(part) : part,
  );
  const finite = numbers.every((it): it is number => typeof it === "number" && Number.isFinite(it));
  return finite ? (numbers as number[]) : undefined;
}
