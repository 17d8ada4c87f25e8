/** Sets the defaults that the library and the command share. */
import type { Scale } from "../../image/tiling/grid.ts";
import type { UsualTiles } from "../../model/engine.ts";

/** Tile and halo in pixels, number of tiles in flight, timeout in seconds. */
export const tileDefaults = { tile: 512, halo: 32, inFlight: 3, timeout: 600 } as const;

/** The default tile and halo for the net of `engine`. */
export function usualTilesOf(
  engine: {
    readonly largestTile?: number | undefined;
    readonly usualTiles?: UsualTiles | undefined;
  },
  scale: Scale,
): UsualTiles {
  const { largestTile = Number.POSITIVE_INFINITY, usualTiles } = engine;
  const { tile, halo } = usualTiles ?? { tile: usualTile(scale), halo: tileDefaults.halo };
  return { tile: Math.min(tile, largestTile), halo };
}

/** The default tile at a scale. At "auto" it owns four cells a side, about as many pixels as at scale 1. */
export function usualTile(scale: Scale): number {
  return scale === "auto" ? 640 : tileDefaults.tile;
}
