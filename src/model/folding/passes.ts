/** Lists the folding passes that help each runtime. */
import type { Pass } from "./folding.ts";
import { foldLayerNorms, foldScales } from "./folding-affine.ts";
import { foldBatchNorms } from "./folding-batch-norms.ts";
import { sliceCouplings, zeroMasks } from "./folding-masks.ts";
import { splitConvs } from "./folding-split.ts";

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
export const wasmPasses: readonly Pass[] = [
  foldLayerNorms,
  foldScales,
  foldBatchNorms,
  zeroMasks,
  splitConvs,
];
