/** Describes how a net takes an image that is cut into tiles. */
import { alignmentOf, type NetConfig } from "./config.ts";
import type { Pooling, UsualTiles } from "./engine.ts";

export interface NetTiles {
  /** Sides of tiles are multiples of this, in pixels. */
  readonly multiple: number;
  /** Tile and halo that suit the net; undefined: those of NAFNet, for which the usual ones were chosen. */
  readonly usual: UsualTiles | undefined;
  /**
   * True: the net averages over the whole of what it is given, or cuts it in the middle. A tile's result then depends on
   * where the tile ends, whatever the halo.
   */
  readonly dependsOnTile: boolean;
}

/** Deep stacks of convs at a quarter of the resolution see far; NAFNet, whose windows are pooled, does not. */
const wide: UsualTiles = { tile: 512, halo: 64 };

/** The tiles of a net that pools in this way. */
export function netTilesOf(config: NetConfig, pooling: Pooling): NetTiles {
  const multiple = alignmentOf(config);
  switch (config.restorer) {
    case "mimo-unet":
      return { multiple, usual: wide, dependsOnTile: false };
    case "mprnet":
      return { multiple, usual: wide, dependsOnTile: true };
    default:
      return { multiple, usual: undefined, dependsOnTile: pooling === "global" };
  }
}
