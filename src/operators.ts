/**
 * rx-deblur/operators: what the pipeline of `deblurImage` is put together from, each by itself a part of any RxJS 7
 * pipeline. They see an `Engine`, an `ImageSource`, an `ImageSink`, and no library.
 *
 *     admit(grid.tiles(), 3, (tile) => of(tile).pipe(
 *       decode(source, convert, options),
 *       exclusive(engine.lane, pipe(estimateKernels(engine, options), decodeFlow(engine, options), deblur(engine, options))),
 *       blend(canvas, options),
 *       write(sink, options),
 *     ))
 */
export type { Codes, DeviceTensor, Engine, Lane, Ticket } from "./model/engine.ts";
export { admit } from "./operators/admit.ts";
export { admitPushed, type PushedOptions } from "./operators/admit-pushed.ts";
export { attempt } from "./operators/attempt.ts";
export { blend } from "./operators/blend.ts";
export { copyFailed } from "./operators/copy-failed.ts";
export { deblur } from "./operators/deblur.ts";
export { decode } from "./operators/decode.ts";
export { decodeFlow } from "./operators/decode-flow.ts";
export { estimateKernels } from "./operators/estimate-kernels.ts";
export { exclusive } from "./operators/exclusive.ts";
export { gatherSamples, type SampledField } from "./operators/gather-samples.ts";
export { defaultResidualLimit } from "./operators/guard.ts";
export { inOrder } from "./operators/in-order.ts";
export { type InTurn, openTurns } from "./operators/in-turn.ts";
export { openGrid } from "./operators/open-grid.ts";
export { type PointGrid, planPoints } from "./operators/point-grid.ts";
export { type Deliver, pulled } from "./operators/pulled.ts";
export type { Radiometry } from "./operators/radiometry.ts";
export {
  type Sample,
  type Sampling,
  sampleKernels,
  sampleSigma,
} from "./operators/sample-field.ts";
export { samplePicture } from "./operators/sample-picture.ts";
export type { Samples, SampleType } from "./operators/samples.ts";
export { skipFlat } from "./operators/skip-flat.ts";
export { skipSharp } from "./operators/skip-sharp.ts";
export { type StageOptions, stage } from "./operators/stage.ts";
export { store, type TileStore } from "./operators/store.ts";
export { type TakenKernels, takeKernels } from "./operators/take-kernels.ts";
export type {
  BlendedTile,
  Block,
  CodedTile,
  Convert,
  DecodedTile,
  ImageSink,
  ImageSource,
  KernelTile,
  Progress,
  Raster,
  RestoredTile,
  Tile,
  WrittenTile,
} from "./operators/tile.ts";
export type { TileErrorPolicy } from "./operators/tile-error-policy.ts";
export type { Axis } from "./operators/tiling/axis.ts";
export { type Canvas, type CanvasBlock, openCanvas } from "./operators/tiling/canvas.ts";
export type { Grid, GridBlock, GridPlan } from "./operators/tiling/grid.ts";
export type { Planes } from "./operators/tiling/pieces.ts";
export type { Rect } from "./operators/tiling/rect.ts";
export { untilAborted } from "./operators/until-aborted.ts";
export { write } from "./operators/write.ts";
