/** What folding does for TensorFlow.js on WebAssembly. */
import type { Pass } from "../folding/folding.ts";
import { foldLayerNorms, foldScales } from "../folding/folding-affine.ts";
import { foldBatchNorms } from "../folding/folding-batch-norms.ts";
import { zeroMasks } from "../folding/folding-masks.ts";
import { splitConvs } from "../folding/folding-split.ts";

/** Its channels lie innermost, so choosing, splitting and joining them is what costs. */
export const wasmPasses: readonly Pass[] = [
  foldLayerNorms,
  foldScales,
  foldBatchNorms,
  zeroMasks,
  splitConvs,
];
