/** Lists the tiling used where the caller gives none, in the library and on the command line: pixels, tiles, seconds. */
export const tileDefaults = { tile: 512, halo: 32, inFlight: 3, timeout: 600 } as const;
