/** Parses file names with a number as FFmpeg does: frame%04d.png stands for frame0001.png, frame0002.png … */
import { basename, dirname, join } from "node:path";

/** The paths of numbered images. */
export interface NumberPattern {
  readonly folder: string;
  /** Returns the path of image number `n`. */
  path(n: number): string;
  /** Returns the number in a file name of `folder`; undefined: the name does not match. */
  numberOf(name: string): number | undefined;
}

/** Parses `path`, whose name holds %d or %04d once, and %% for a percent sign; undefined: it is no pattern. */
export function numberPattern(path: string): NumberPattern | undefined {
  const parts = basename(path).split(/(%%|%(?:0\d{1,2})?d)/);
  const places = parts.filter((part) => /^%.*d$/.test(part));
  const [place] = places;
  if (place === undefined || places.length > 1) return undefined;
  const least = Number(place.slice(1, -1));
  const folder = dirname(path);
  const nameOf = (digits: string): string =>
    parts.map((part) => (part === place ? digits : part === "%%" ? "%" : part)).join("");
  const name = (n: number): string => nameOf(String(n).padStart(least, "0"));
  const [before, after] = nameOf("\0").split("\0") as [string, string];
  return {
    folder,
    path: (n) => join(folder, name(n)),
    numberOf(found) {
      const n = Number(/^\d{1,15}$/.exec(found.slice(before.length, -after.length || undefined)));
      // Only the pattern's own notation matches: 7, 07 and 007 are different images.
      return name(n) === found ? n : undefined;
    },
  };
}
