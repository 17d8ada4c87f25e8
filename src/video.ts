/**
 * rx-deblur/video: frames of one size, one after another. Videos through FFmpeg, YUV4MPEG2 streams, raw samples, images
 * in a row through pipes, and numbered images.
 *
 *     const { header, frames } = await openY4m(process.stdin);
 *     const restored = pulled((deliver) => deblurFrames(frames, engine, { deliver }));
 *     await pipeline(encodeY4m(header, restored), process.stdout);
 */
export { OverrunError, ReaderGoneError } from "./errors.ts";
export { openPool, type Pool } from "./io/pool/pool.ts";
export { convertIn } from "./io/sources/convert-tile.ts";
export { type Deliver, pulled } from "./operators/flow/pulled.ts";
export {
  type DeblurFramesOptions,
  deblurFrames,
  type FramePolicy,
} from "./pipeline/deblur-frames.ts";
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
export {
  deblurSequence,
  type SequenceContext,
  type SequenceResult,
} from "./pipeline/run/deblur-sequence.ts";
export { deblurImagePipe, type ImagePipeContext } from "./pipeline/video/deblur-image-pipe.ts";
export { deblurVideo, type VideoContext } from "./pipeline/video/deblur-video.ts";
export { type RawFrameLayout, rawFrame } from "./pipeline/video/raw-frame.ts";
export type { VideoPlan, VideoProgress, VideoResult } from "./pipeline/video/video-facts.ts";
export type { VideoOptions } from "./pipeline/video/video-options.ts";
export type { ColourChoice, Y4mHeader } from "./pipeline/video/y4m-header.ts";
export { encodeY4m, type OpenY4mOptions, openY4m } from "./pipeline/video/y4m-streams.ts";
