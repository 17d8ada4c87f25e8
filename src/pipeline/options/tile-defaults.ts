/** Sets the default tile and halo (pixels), tiles in flight and timeout (seconds) of the library and the command. */
export const tileDefaults = { tile: 512, halo: 32, inFlight: 3, timeout: 600 } as const;
