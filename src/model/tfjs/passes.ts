/** What folding does for TensorFlow.js on WebAssembly. */
import type { Pass } from "../graph/folding.ts";
import { foldLayerNorms, foldScales } from "../graph/folding-affine.ts";
import { foldBatchNorms } from "../graph/folding-batch-norms.ts";
import { zeroMasks } from "../graph/folding-masks.ts";
import { splitConvs } from "../graph/folding-split.ts";

/** Its channels lie innermost, so choosing, splitting and joining them is what costs. */
export const wasmPasses: readonly Pass[] = [
  foldLayerNorms,
  foldScales,
  foldBatchNorms,
  zeroMasks,
  splitConvs,
];
