/**
 * Restores a video frame by frame, in order. Each frame is restored as an image is, tile by tile, and several
 * frames are in flight at once. Memory depends on the frames in flight, not on the length of the video.
 */
import {
  catchError,
  concat,
  defer,
  from,
  ignoreElements,
  isObservable,
  map,
  mergeMap,
  type Observable,
  type ObservableInput,
  of,
  tap,
  throwError,
} from "rxjs";
import { integer, oneOf } from "../check.ts";
import { OptionError } from "../errors.ts";
import type { Engine } from "../model/engine.ts";
import { admit } from "../operators/flow/admit.ts";
import { admitPushed } from "../operators/flow/admit-pushed.ts";
import { openTurns } from "../operators/flow/in-turn.ts";
import { untilAborted } from "../operators/flow/until-aborted.ts";
import type { Progress } from "../operators/stages/tile.ts";
import { deblurImage } from "./deblur-image.ts";
import type { DeblurImageOptions } from "./deblur-image-options.ts";
import { changeFrame } from "./frames/change-frame.ts";
import type { Frame } from "./frames/frame.ts";
import { openFrameEnds } from "./frames/frame-ends.ts";

const framePolicies = ["block", "drop", "error"] as const;

/** Decides about a frame that arrives while `maxInFlight` frames are in flight. */
export type FramePolicy = (typeof framePolicies)[number];

/** How frames are cut and restored, how many at once, and how frames without a free slot are handled. */
export interface DeblurFramesOptions extends Omit<DeblurImageOptions, "feather" | "sample"> {
  /** Most frames between being taken from the source and being delivered. Each has `inFlight` tiles. Default 2. */
  readonly maxInFlight?: number;
  /**
   * "block": the source is an iterable, and a frame is pulled when a slot is free. "drop": the newest frame waits,
   * earlier waiting frames are dropped. "error": fails with an OverrunError. Default: "block" for an iterable, else
   * "error".
   */
  readonly policy?: FramePolicy;
  /** Called under "drop" for each dropped frame, with the number dropped so far. */
  readonly onDropped?: (dropped: number) => void;
  /** Receives each frame, in order. The frame keeps its slot until the returned input completes. See `pulled`. */
  readonly deliver?: (frame: Frame) => ObservableInput<unknown>;
  /** Called for each tile of the frame that is stored. */
  readonly onTile?: (progress: Progress, frame: Frame) => void;
}

/**
 * Deblurs frames and emits each when it is delivered. Subscribing starts the run. Unsubscribing or `signal` stops it
 * and returns the iterator of the source. The caller disposes the engine. A frame in flight takes its bytes twice and
 * 12 bytes a pixel, besides its tiles.
 *
 *     deblurFrames(camera, engine, { maxInFlight: 2, policy: "drop" })
 *
 * A running Observable is received from the subscription on, so open the engine before the camera.
 *
 * @throws OptionError at once, also for policy "block" with an Observable. Once all frames before are delivered, the
 * Observable fails with an error of `deblurImage`, the source or `deliver`, or an OverrunError. It fails at once with
 * the signal's reason.
 */
export function deblurFrames(
  frames: Observable<Frame> | Iterable<Frame> | AsyncIterable<Frame>,
  engine: Engine,
  options: DeblurFramesOptions = {},
): Observable<Frame> {
  const { onDropped, deliver = () => [], signal } = options;
  const pushed = isObservable(frames);
  const policy = oneOf("policy", options.policy ?? (pushed ? "error" : "block"), framePolicies);
  const inFlight = integer("maxInFlight", options.maxInFlight ?? 2, 1, Number.MAX_SAFE_INTEGER);
  if (pushed && policy === "block") {
    throw new OptionError(
      "Expected an iterable of frames for policy block but received an Observable, which cannot wait",
    );
  }
  return defer(() => {
    const inTurn = openTurns();
    const restore = (frame: Observable<Frame>): Observable<Frame> =>
      frame.pipe(
        mergeMap((blurry) => deblurFrame(blurry, engine, options)),
        inTurn((sharp) => concat(from(deliver(sharp)).pipe(ignoreElements()), of(sharp))),
      );
    if (!pushed && policy === "block") return admit(failingLast(frames), inFlight, restore);
    const arriving = pushed ? frames : from(frames);
    return arriving.pipe(
      map((frame) => of(frame)),
      catchError((error: unknown) => of(throwError(() => error))),
      admitPushed(restore, {
        inFlight,
        policy: policy === "drop" ? policy : "error",
        ...(onDropped && { onDropped }),
      }),
    );
  }).pipe(untilAborted(signal));
}

/** Restores one frame as an image. */
function deblurFrame(
  frame: Frame,
  engine: Engine,
  { onTile, ...options }: DeblurFramesOptions,
): Observable<Frame> {
  return defer(() => {
    const { source, sink, residual } = openFrameEnds(frame);
    const tiles = deblurImage(source, sink, engine, options);
    return concat(
      tiles.pipe(
        tap((progress) => onTile?.(progress, frame)),
        ignoreElements(),
      ),
      defer(() => of(changeFrame(frame, residual))),
    );
  });
}

/** Wraps each item as a stream of one; an error of the iterable becomes the last item. */
function failingLast<T>(items: Iterable<T> | AsyncIterable<T>): AsyncIterable<Observable<T>> {
  return {
    [Symbol.asyncIterator]() {
      const iterator =
        Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
      let failed = false;
      return {
        async next() {
          if (failed) return { done: true, value: undefined };
          try {
            const step = await iterator.next();
            return step.done ? step : { done: false, value: of(step.value) };
          } catch (error) {
            failed = true;
            return { done: false, value: throwError(() => error) };
          }
        },
        // A generator would handle return() only after its next item has arrived.
        async return() {
          await iterator.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
