/** Lists the compressions of TIFF by their numbers (TIFF 6.0 and libtiff's list), and which of them we read. */

export const compressions = {
  none: 1,
  lzw: 5,
  jpeg: 7,
  deflate: 8,
  packBits: 32773,
  oldDeflate: 32946,
  lerc: 34887,
  zstd: 50000,
  webp: 50001,
} as const;

const unread: Readonly<Record<number, string>> = {
  2: "CCITT RLE",
  3: "CCITT fax 3",
  4: "CCITT fax 4",
  6: "JPEG of the old kind",
  33003: "JPEG 2000",
  33005: "JPEG 2000",
  34712: "JPEG 2000",
  34676: "SGI LogLuv",
  34677: "SGI LogLuv",
  34925: "LZMA",
  50002: "JPEG XL",
  52546: "JPEG XL",
};

export function canDecode(compression: number): boolean {
  return (Object.values(compressions) as number[]).includes(compression);
}

/** For messages. */
export function compressionName(compression: number): string {
  const name = unread[compression];
  const all = "none, LZW, JPEG, deflate, PackBits, LERC, Zstandard, WebP";
  return `${name === undefined ? "" : `${name}, `}number ${compression} (we read ${all})`;
}
