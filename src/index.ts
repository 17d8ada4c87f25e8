/**
 * rx-deblur: motion deblurring as a stream of tiles.
 *
 * `deblurFile` restores a file; `deblurImage` does the same between any source and sink; the operators are
 * its parts, for pipelines of your own.
 *
 *     import { deblurFile } from "rx-deblur";
 *     await deblurFile("blurry.jpg", "restored.png");
 */
export {
  type DeblurError,
  InputError,
  IoError,
  isDeblurError,
  NoInputError,
  OptionError,
  OutOfMemoryError,
  OutputError,
  OverrunError,
  ReaderGoneError,
  type StageName,
  StageTimeoutError,
  TileError,
  UnavailableError,
  WeightsError,
} from "./errors.ts";
export { simulateKernel } from "./model/blur/simulate-kernel.ts";
export { type NetConfig, type PresetName, presets } from "./model/config.ts";
export type {
  Codes,
  DeviceTensor,
  Engine,
  EngineIdentity,
  KernelField,
  Lane,
  Origin,
  Pooling,
  Restoration,
  Ticket,
} from "./model/engine.ts";
export { openCopyEngine } from "./model/engines/copy.ts";
export { createLane } from "./model/engines/lane.ts";
export { openOnnxEngine } from "./model/engines/onnx-engine.ts";
export { openWasmEngine } from "./model/engines/tfjs-wasm-engine.ts";
export { openStream, type RandomStream, type StreamName } from "./model/random-stream.ts";
export { admit } from "./operators/admit.ts";
export { admitPushed, type PushedOptions } from "./operators/admit-pushed.ts";
export { attempt } from "./operators/attempt.ts";
export { blend } from "./operators/blend.ts";
export { copyFailed, type TileErrorPolicy } from "./operators/copy-failed.ts";
export { deblur } from "./operators/deblur.ts";
export { decode } from "./operators/decode.ts";
export { decodeFlow } from "./operators/decode-flow.ts";
export { estimateKernels } from "./operators/estimate-kernels.ts";
export { exclusive } from "./operators/exclusive.ts";
export { gatherSamples, type SampledField } from "./operators/gather-samples.ts";
export { defaultResidualLimit } from "./operators/guard.ts";
export { inOrder } from "./operators/in-order.ts";
export { type InTurn, openTurns } from "./operators/in-turn.ts";
export { type PairPlan, type PairPlanning, planPairs, type Visit } from "./operators/plan-pairs.ts";
export { type PointGrid, planPoints } from "./operators/point-grid.ts";
export { type Deliver, pulled } from "./operators/pulled.ts";
export {
  type Sample,
  type Sampling,
  sampleKernels,
  sampleSigma,
} from "./operators/sample-field.ts";
export { samplePicture } from "./operators/sample-picture.ts";
export { skipFlat } from "./operators/skip-flat.ts";
export { store, type TileStore } from "./operators/store.ts";
export {
  type MakePair,
  type PairJob,
  type PairRecipe,
  type Patch,
  type PatchSource,
  synthesize,
} from "./operators/synthesize.ts";
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
export { type Canvas, openCanvas } from "./operators/tiling/canvas.ts";
export { type Grid, type GridPlan, planGrid } from "./operators/tiling/grid.ts";
export type { Rect } from "./operators/tiling/rect.ts";
export type { TrainingPair } from "./operators/training-pair.ts";
export { write } from "./operators/write.ts";
export { deblurFile } from "./pipeline/deblur-file.ts";
export {
  deblurFiles,
  type FilesContext,
  type FilesOptions,
  type FilesResult,
} from "./pipeline/deblur-files.ts";
export {
  type DeblurFramesOptions,
  deblurFrames,
  type FramePolicy,
} from "./pipeline/deblur-frames.ts";
export { deblurImage } from "./pipeline/deblur-image.ts";
export type { DeblurImageOptions, Samplings } from "./pipeline/deblur-image-options.ts";
export { deblurVideo, type VideoContext } from "./pipeline/deblur-video.ts";
export type { FileOptions } from "./pipeline/options.ts";
export type { RunContext } from "./pipeline/run-context.ts";
export type { FileFailure, FilePlace, RunPlan, RunResult } from "./pipeline/run-facts.ts";
export { assembleRun } from "./pipeline/shards/assemble-run.ts";
export { planRun, type RunPlanned } from "./pipeline/shards/plan-run.ts";
export { runShard, type Shard, type ShardOptions } from "./pipeline/shards/run-shard.ts";
export { type StoreImageOptions, storeImage, type TileRange } from "./pipeline/store-image.ts";
export type { PairOptions } from "./pipeline/training/pair-options.ts";
export { writePreview } from "./pipeline/training/preview.ts";
export { openTrainingPairs, type TrainingPairs } from "./pipeline/training/training-pairs.ts";
export type { Colour, LevelsName, MatrixName } from "./pipeline/video/colour.ts";
export type { Frame } from "./pipeline/video/frame.ts";
export {
  type Chroma,
  frameBytes,
  type PixelForm,
  rawForm,
  y4mForm,
} from "./pipeline/video/pixel-form.ts";
export type { VideoPlan, VideoProgress, VideoResult } from "./pipeline/video/video-facts.ts";
export type { VideoOptions } from "./pipeline/video/video-options.ts";
export type { ColourChoice, Y4mHeader } from "./pipeline/video/y4m-header.ts";
export { encodeY4m, type OpenY4mOptions, openY4m } from "./pipeline/video/y4m-streams.ts";
export { type CpuPool, openPool } from "./pipeline/workers/pool.ts";
