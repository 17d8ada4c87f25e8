/** Reads options that list a few numbers, as text with commas or as an array. */
import { integer, invalid } from "../../check.ts";

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
