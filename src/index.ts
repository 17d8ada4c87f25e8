/**
 * rx-deblur: removes motion blur from images of any size, tile by tile. This door holds what most programs need: files,
 * images in memory, and images between a source and a sink of your own.
 *
 *     import { deblurFile } from "rx-deblur";
 *     await deblurFile("blurry.jpg", "restored.png");
 *
 * The other doors: `rx-deblur/video` (frames, videos, numbered images), `rx-deblur/shards` (runs divided among
 * processes), `rx-deblur/operators` (pipelines of your own), `rx-deblur/model` (engines, weights, metrics) and
 * `rx-deblur/train` (training pairs).
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
  TileError,
  UnavailableError,
  WeightsError,
} from "./errors.ts";
export { type BufferSink, bufferSink, bufferSource } from "./image/buffer.ts";
export type { ImageSink, ImageSource } from "./image/raster.ts";
export type { OutputFormat } from "./io/formats/image-formats.ts";
export type { TiffCompression } from "./io/formats/tiff/write/tile-layout.ts";
export { openPool, type Pool } from "./io/pool/pool.ts";
export type { FoundImages } from "./io/sources/find-images.ts";
export type { Engine } from "./model/engine.ts";
export { type BufferContext, type BufferOptions, deblurBuffer } from "./pipeline/deblur-buffer.ts";
export { deblurImage } from "./pipeline/deblur-image.ts";
export type { DeblurImageOptions } from "./pipeline/deblur-image-options.ts";
export type { EngineOptions } from "./pipeline/engines/engine-options.ts";
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
