/** Lists the folding passes that help each runtime. */

import { foldLayerNorms, foldScales } from "./affine.ts";
import { foldBatchNorms } from "./batch-norms.ts";
import type { Pass } from "./folding.ts";
import { sliceCouplings, zeroMasks } from "./masks.ts";
import { splitConvs } from "./split-convs.ts";

/** ONNX Runtime has channels outermost, so selecting half of them copies whole maps. It folds factors by itself. */
export const onnxPasses: readonly Pass[] = [
  foldLayerNorms,
  foldBatchNorms,
  sliceCouplings,
  splitConvs,
];

/** Between quantised convs ONNX Runtime folds nothing by itself. */
export const int8Passes: readonly Pass[] = [foldLayerNorms, foldScales, splitConvs];

/** TensorFlow.js has channels innermost, so selecting, splitting and joining them is expensive. */
export const tfjsPasses: readonly Pass[] = [
  foldLayerNorms,
  foldScales,
  foldBatchNorms,
  zeroMasks,
  splitConvs,
];
