/**
 * rx-deblur/operators: the operators of the pipeline of `deblurImage`, for use in any RxJS 7 pipeline. They depend on
 * an `Engine`, an `ImageSource` and an `ImageSink` only.
 *
 *     admit(grid.tiles(), 3, (tile) => of(tile).pipe(
 *       decode(source, convert, options),
 *       exclusive(engine.lane, pipe(estimateKernels(engine, options), decodeFlow(engine, options), deconvolve(engine, options), deblur(engine, options))),
 *       blend(canvas, options),
 *       write(sink, options),
 *     ))
 */

export { OverrunError, type StageName, StageTimeoutError } from "./errors.ts";
export { type PointGrid, planPoints } from "./image/point-grid.ts";
export type { Radiometry } from "./image/radiometry.ts";
export type { Block, Convert, ImageSink, ImageSource, Raster } from "./image/raster.ts";
export type { Samples, SampleType } from "./image/samples.ts";
export { type StrengthField, type StrengthParts, strengthOf } from "./image/strength.ts";
export type { Axis } from "./image/tiling/axis.ts";
export { type Canvas, type CanvasBlock, openCanvas } from "./image/tiling/canvas.ts";
export type { Grid, GridBlock, GridPlan, Scale } from "./image/tiling/grid.ts";
export { type GridLengths, openGrid } from "./image/tiling/open-grid.ts";
export type { Planes } from "./image/tiling/pieces.ts";
export { convertIn } from "./io/sources/convert-tile.ts";
export type { Codes, DeviceTensor, Engine } from "./model/engine.ts";
export type { Lane, Ticket } from "./model/lane.ts";
export { admit } from "./operators/flow/admit.ts";
export { admitPushed, type PushedOptions } from "./operators/flow/admit-pushed.ts";
export { exclusive } from "./operators/flow/exclusive.ts";
export { type InTurn, openTurns } from "./operators/flow/in-turn.ts";
export { pullAhead } from "./operators/flow/pull-ahead.ts";
export { type Deliver, pulled } from "./operators/flow/pulled.ts";
export { untilAborted } from "./operators/flow/until-aborted.ts";
export { gatherSamples, type SampledField } from "./operators/samples/gather-samples.ts";
export {
  type Sample,
  type Sampling,
  sampleKernels,
  sampleSigma,
} from "./operators/samples/sample-field.ts";
export { sampleImage } from "./operators/samples/sample-image.ts";
export { atScale } from "./operators/stages/at-scale.ts";
export { atStrength } from "./operators/stages/at-strength.ts";
export { blend } from "./operators/stages/blend.ts";
export { chooseScale, type ScaleStages } from "./operators/stages/choose-scale.ts";
export { copyFailed } from "./operators/stages/copy-failed.ts";
export { deblur } from "./operators/stages/deblur.ts";
export { decode } from "./operators/stages/decode.ts";
export { decodeFlow } from "./operators/stages/decode-flow.ts";
export { deconvolve } from "./operators/stages/deconvolve.ts";
export { estimateKernels } from "./operators/stages/estimate-kernels.ts";
export { defaultResidualLimit } from "./operators/stages/guard.ts";
export { attempt } from "./operators/stages/retry.ts";
export { skipFlat } from "./operators/stages/skip-flat.ts";
export { skipSharp } from "./operators/stages/skip-sharp.ts";
export { type ScaledStageOptions, type StageOptions, stage } from "./operators/stages/stage.ts";
export { store, type TileStore } from "./operators/stages/store.ts";
export { type TakenKernels, takeKernels } from "./operators/stages/take-kernels.ts";
export type {
  BlendedTile,
  CodedTile,
  DecodedTile,
  DeconvolvedTile,
  KernelTile,
  Progress,
  RestoredTile,
  Tile,
  TileErrorPolicy,
  WrittenTile,
} from "./operators/stages/tile.ts";
export { write } from "./operators/stages/write.ts";
export type { Samplings } from "./pipeline/deblur-image-options.ts";
export type { Rect } from "./rect.ts";
