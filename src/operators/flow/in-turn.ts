/** In go results in any order, out they come in the order they were begun: a queue for those that come early. */
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

/** An operator for each of the things done at once, made when it is begun. */
export type InTurn = <T, R>(deliver: (result: T) => ObservableInput<R>) => OperatorFunction<T, R>;

/**
 * Hold what each source emits, or fails with, until all that were subscribed to before it have ended; then hand it to
 * `deliver` and emit what that makes of it.
 *
 * T* → R*, one source after the other. With `admit`, a place is free when its result is delivered, so a slow
 * reader slows the source, and no more results wait than there are places.
 *
 * **Warning**: one `openTurns` serves one stream; a source that never ends holds all behind it.
 *
 *     const inTurn = openTurns();
 *     admit(frames, 3, (frame) => restore(frame).pipe(inTurn((restored) => send(restored))))
 *
 * @throws what the source or `deliver` fails with, in its turn.
 */
export function openTurns(): InTurn {
  let last: Observable<never> = EMPTY;
  return (deliver) => (source) =>
    defer(() => {
      const before = last;
      const through = new Subject<never>();
      last = through;
      return source.pipe(
        // A failure too waits: what was begun before it is good.
        materialize(),
        concatMap((what) => concat(before, of(what))),
        dematerialize(),
        concatMap(deliver),
        finalize(() => through.complete()),
      );
    });
}
