/** Puts results in the order in which their sources were subscribed to, and queues those that come early. */
import {
  concat,
  concatMap,
  defer,
  dematerialize,
  EMPTY,
  finalize,
  materialize,
  type Observable,
  type ObservableInput,
  type OperatorFunction,
  of,
  Subject,
} from "rxjs";

/** Makes the operator of one source; call it when the source is created. */
export type InTurn = <T, R>(deliver: (result: T) => ObservableInput<R>) => OperatorFunction<T, R>;

/**
 * Hold what a source emits, or its error, until all sources that were subscribed to before it have ended. Then pass
 * it to `deliver` and emit the result.
 *
 * T* → R*, one source after the other. With `admit`, a slot is free when its result is delivered. A slow reader
 * therefore slows the source, and at most `inFlight` results wait.
 *
 * **Warning**: one `openTurns` serves one stream; a source that never ends blocks all behind it.
 *
 *     const inTurn = openTurns();
 *     admit(frames, 3, (frame) => restore(frame).pipe(inTurn((restored) => send(restored))))
 *
 * @throws the error of the source or of `deliver`, in order.
 */
export function openTurns(): InTurn {
  let last: Observable<never> = EMPTY;
  return (deliver) => (source) =>
    defer(() => {
      const before = last;
      const through = new Subject<never>();
      last = through;
      return source.pipe(
        // An error waits too: the results of earlier sources are still valid.
        materialize(),
        concatMap((what) => concat(before, of(what))),
        dematerialize(),
        concatMap(deliver),
        finalize(() => through.complete()),
      );
    });
}
