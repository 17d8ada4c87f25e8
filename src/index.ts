/**
 * rx-deblur: motion deblurring as a stream of tiles. This is the whole of it, from end to end: files, pictures in
 * memory, frames, and images between a source and a sink of your own.
 *
 *     import { deblurFile } from "rx-deblur";
 *     await deblurFile("blurry.jpg", "restored.png");
 *
 * Its parts are in `rx-deblur/operators` (for pipelines of your own), `rx-deblur/model` (engines, weights, measures)
 * and `rx-deblur/train` (pairs of sharp and blurred pictures).
 */
export {
  type DeblurError,
  DeviceLostError,
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
  TrainingError,
  UnavailableError,
  WeightsError,
} from "./errors.ts";
export { type BufferSink, bufferSink, bufferSource } from "./image/buffer.ts";
export type { Radiometry } from "./image/radiometry.ts";
export type { Block, Convert, ImageSink, ImageSource, Raster } from "./image/raster.ts";
export type { Samples, SampleType } from "./image/samples.ts";
export type { OutputFormat } from "./io/formats/image-formats.ts";
export type { TiffCompression } from "./io/formats/tiff/write/tile-layout.ts";
export { openPool, type Pool } from "./io/pool/pool.ts";
export { convertIn } from "./io/sources/convert-tile.ts";
export type { FoundImage, FoundImages, PassedOver } from "./io/sources/find-images.ts";
export type { Engine } from "./model/engine.ts";
export { type Deliver, pulled } from "./operators/flow/pulled.ts";
export type { TileStore } from "./operators/stages/store.ts";
export type { Progress } from "./operators/stages/tile.ts";
export { type BufferContext, type BufferOptions, deblurBuffer } from "./pipeline/deblur-buffer.ts";
export {
  type DeblurFramesOptions,
  deblurFrames,
  type FramePolicy,
} from "./pipeline/deblur-frames.ts";
export { deblurImage } from "./pipeline/deblur-image.ts";
export type { DeblurImageOptions, Samplings } from "./pipeline/deblur-image-options.ts";
export type { ChosenEngine, OpenEngine } from "./pipeline/engines/choose-engine.ts";
export type { EngineName, EngineOptions } from "./pipeline/engines/engine-options.ts";
export type { RuntimeContext } from "./pipeline/engines/runtime.ts";
export type { Colour, LevelsName, MatrixName } from "./pipeline/frames/colour.ts";
export type { Frame } from "./pipeline/frames/frame.ts";
export {
  type Chroma,
  frameBytes,
  type PixelForm,
  rawForm,
  y4mForm,
} from "./pipeline/frames/pixel-form.ts";
export { openEngine } from "./pipeline/open-engine.ts";
export type { FileOptions } from "./pipeline/options/file-options.ts";
export type { RunContext } from "./pipeline/plan/run-context.ts";
export type { FileFailure, FilePlace, RunPlan, RunResult } from "./pipeline/plan/run-facts.ts";
export { deblurFile } from "./pipeline/run/deblur-file.ts";
export {
  deblurFiles,
  type FilesContext,
  type FilesOptions,
  type FilesResult,
} from "./pipeline/run/deblur-files.ts";
export {
  deblurSequence,
  type SequenceContext,
  type SequenceResult,
} from "./pipeline/run/deblur-sequence.ts";
export { assembleRun } from "./pipeline/shards/assemble-run.ts";
export { planRun, type RunPlanned } from "./pipeline/shards/plan-run.ts";
export { runShard, type ShardOptions } from "./pipeline/shards/run-shard.ts";
export type { Shard } from "./pipeline/shards/shard.ts";
export { type StoreImageOptions, storeImage, type TileRange } from "./pipeline/store-image.ts";
export { deblurImagePipe, type ImagePipeContext } from "./pipeline/video/deblur-image-pipe.ts";
export { deblurVideo, type VideoContext } from "./pipeline/video/deblur-video.ts";
export { type RawFrameLayout, rawFrame } from "./pipeline/video/raw-frame.ts";
export type { VideoPlan, VideoProgress, VideoResult } from "./pipeline/video/video-facts.ts";
export type { VideoOptions } from "./pipeline/video/video-options.ts";
export type { ColourChoice, Y4mHeader } from "./pipeline/video/y4m-header.ts";
export { encodeY4m, type OpenY4mOptions, openY4m } from "./pipeline/video/y4m-streams.ts";
export type { Rect } from "./rect.ts";
