/** Lists the folding passes that help each runtime. */
import type { Pass } from "./folding.ts";
import { foldLayerNorms, foldScales } from "./folding-affine.ts";
import { foldBatchNorms } from "./folding-batch-norms.ts";
import { sliceCouplings, zeroMasks } from "./folding-masks.ts";
import { splitConvs } from "./folding-split.ts";

/** Its channels lie outermost: picking half of them is a copy of whole maps. */
export const onnxPasses: readonly Pass[] = [
  foldLayerNorms,
  foldBatchNorms,
  sliceCouplings,
  splitConvs,
];

/** Between levels ONNX Runtime folds nothing. */
export const int8Passes: readonly Pass[] = [foldLayerNorms, foldScales, splitConvs];

/** Its channels lie innermost, so choosing, splitting and joining them is what costs. */
export const wasmPasses: readonly Pass[] = [
  foldLayerNorms,
  foldScales,
  foldBatchNorms,
  zeroMasks,
  splitConvs,
];
