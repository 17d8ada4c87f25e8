/** Lists the kinds of value a TIFF entry may hold, by their numbers in TIFF 6.0 and BigTIFF, with their sizes. */

export const fieldTypes = {
  byte: 1,
  ascii: 2,
  short: 3,
  long: 4,
  rational: 5,
  undefined: 7,
  float: 11,
  double: 12,
  ifd: 13,
  long8: 16,
  ifd8: 18,
} as const;

/** Bytes of one value by the type's number; 0: no such type. */
const sizes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

/** Bytes of one value of a type, undefined where there is no such type. */
export function bytesOfType(type: number): number | undefined {
  return sizes[type] || undefined;
}

/** True for types that only BigTIFF knows. */
export function needsBig(type: number): boolean {
  return type >= fieldTypes.long8;
}
