/** What folding does for ONNX Runtime, which by itself folds factors into the convs before them. */
import type { Pass } from "../graph/folding.ts";
import { foldLayerNorms, foldScales } from "../graph/folding-affine.ts";
import { foldBatchNorms } from "../graph/folding-batch-norms.ts";
import { sliceCouplings } from "../graph/folding-masks.ts";
import { splitConvs } from "../graph/folding-split.ts";

/** Its channels lie outermost: picking half of them is a copy of whole maps. */
export const onnxPasses: readonly Pass[] = [
  foldLayerNorms,
  foldBatchNorms,
  sliceCouplings,
  splitConvs,
];

/** Between levels ONNX Runtime folds nothing. */
export const int8Passes: readonly Pass[] = [foldLayerNorms, foldScales, splitConvs];
