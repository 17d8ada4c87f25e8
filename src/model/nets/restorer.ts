/** Builds the restorer that a net's settings name. */
import type { NetConfig } from "../config.ts";
import type { Pooling } from "../engine.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { mimoUnet } from "./mimo-unet.ts";
import { mprNet } from "./mprnet.ts";
import { nafNet } from "./nafnet.ts";

/** What a restorer makes of an image. */
export interface Restored {
  /** To be added to the image, not clamped: [3, h, w]. */
  readonly residual: Value;
  /** Images that only training compares with the sharp one: MIMO-UNet's smaller ones, MPRNet's earlier stages. */
  readonly others: Graph;
}

/**
 * @param image [3, h, w], 0..1, sides multiples of the alignment
 * @param kernels field [k², h/s, w/s]; undefined: a restorer without kernels
 * @param change see nafNet; the other restorers have none
 */
export function restorer(
  image: Value,
  kernels: Value | undefined,
  config: NetConfig,
  pooling: Pooling,
  change?: Value,
): Restored {
  switch (config.restorer) {
    case "mimo-unet": {
      const { residual, half, quarter } = mimoUnet(image, kernels, config);
      return { residual, others: { half, quarter } };
    }
    case "mprnet": {
      const { residual, stages } = mprNet(image, kernels, config, pooling);
      return { residual, others: { stage1: stages[0], stage2: stages[1] } };
    }
    default:
      return { residual: nafNet(image, kernels, config, pooling, change).residual, others: {} };
  }
}
