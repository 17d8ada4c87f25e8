/** Sets the defaults that the library and the command share. */
import type { Scale } from "../../image/tiling/grid.ts";

/** Tile and halo in pixels, number of tiles in flight, timeout in seconds. */
export const tileDefaults = { tile: 512, halo: 32, inFlight: 3, timeout: 600 } as const;

/** The default tile at a scale. At "auto" it owns four cells a side, about as many pixels as at scale 1. */
export function usualTile(scale: Scale): number {
  return scale === "auto" ? 640 : tileDefaults.tile;
}
