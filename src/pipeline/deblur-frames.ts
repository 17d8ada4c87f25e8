/**
 * A video, frame by frame: frames in are frames out, in order, or an error. Each frame's tiles go the way of an
 * image's, those of several frames at once; memory depends on the frames in flight, not on how many there are.
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

/** What becomes of a frame that comes when `maxInFlight` are under way. */
export type FramePolicy = (typeof framePolicies)[number];

/** How frames are cut and restored, how many at once, and what happens to those there is no place for. */
export interface DeblurFramesOptions extends Omit<DeblurImageOptions, "feather" | "sample"> {
  /** Frames between being taken from the source and being delivered; `inFlight` tiles of each. Default 2. */
  readonly maxInFlight?: number;
  /**
   * "block": the source is an iterable, and asked for a frame when there is a place. "drop": the newest frame
   * waits, those before it are dropped. "error": an OverrunError. Default: "block" of an iterable, else "error".
   */
  readonly policy?: FramePolicy;
  /** Under "drop", for each frame that is dropped, with how many there were by then. */
  readonly onDropped?: (dropped: number) => void;
  /** Takes each frame, in order; the frame has its place until this has ended. See `pulled`. */
  readonly deliver?: (frame: Frame) => ObservableInput<unknown>;
  /** For each tile of the frame that is stored. */
  readonly onTile?: (progress: Progress, frame: Frame) => void;
}

/**
 * Deblur frames; they are emitted when they are delivered. Subscribing starts it, unsubscribing or `signal` stops
 * it: the iterable is returned. The engine stays the caller's to close. A frame in flight takes its bytes twice and 12
 * bytes a pixel, besides its tiles.
 *
 *     deblurFrames(camera, engine, { maxInFlight: 2, policy: "drop" })
 *
 * An Observable that is under way already is heard from the subscription on, so open the engine before the camera.
 *
 * @throws OptionError at once, also where frames that are pushed should block; the Observable fails with what
 * `deblurImage` fails with, OverrunError, what the source or `deliver` fails with, when all frames before are
 * delivered; or at once with the signal's reason.
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

/** One frame, as the image it is. */
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

/** The items, each as a stream of one; what the iterable fails with is the last item. */
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
        // Not of a generator: that would hear of it when the next item has come.
        async return() {
          await iterator.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
