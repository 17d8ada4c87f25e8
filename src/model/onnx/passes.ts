/** What folding does for ONNX Runtime, which by itself folds factors into the convs before them. */
import type { Pass } from "../folding/folding.ts";
import { foldLayerNorms, foldScales } from "../folding/folding-affine.ts";
import { foldBatchNorms } from "../folding/folding-batch-norms.ts";
import { sliceCouplings } from "../folding/folding-masks.ts";
import { splitConvs } from "../folding/folding-split.ts";

/** Its channels lie outermost: picking half of them is a copy of whole maps. */
export const onnxPasses: readonly Pass[] = [
  foldLayerNorms,
  foldBatchNorms,
  sliceCouplings,
  splitConvs,
];

/** Between levels ONNX Runtime folds nothing. */
export const int8Passes: readonly Pass[] = [foldLayerNorms, foldScales, splitConvs];
