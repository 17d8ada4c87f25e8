/** Parses and words numbers of bytes. */
import { invalid } from "../check.ts";

/** SI prefixes stand for powers of 1000; with an i (IEC 80000-13) for powers of 1024. */
const prefixes = ["", "k", "m", "g", "t"] as const;

/**
 * A number of bytes, or digits with a unit: "800M" and "800 MB" are 8·10⁸, "2GiB" is 2³¹.
 * @throws OptionError for anything else, also for what is not a whole number of bytes from 1 up
 */
export function byteSize(name: string, value: unknown): number {
  const [, digits, prefix = "", binary] =
    /^(\d+(?:\.\d+)?) ?(?:([kmgt])(i)?)?b?$/i.exec(String(value)) ?? [];
  const power = prefixes.indexOf(prefix.toLowerCase() as (typeof prefixes)[number]);
  const bytes = Math.round(Number(digits) * (binary === undefined ? 1000 : 1024) ** power);
  if (bytes >= 1 && Number.isSafeInteger(bytes)) return bytes;
  throw invalid(name, "a number of bytes such as 800M, 2G or 2GiB", value);
}

/** "812 MB", "27.7 GB": three digits that count. */
export function inBytes(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(bytes) / 3)));
  const value = bytes / 1000 ** power;
  return `${Number(value.toPrecision(3))} ${units[power]}`;
}
