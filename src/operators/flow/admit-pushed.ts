/**
 * Limits how many items of a live source are processed at once. A camera cannot wait: while all slots are busy, new
 * items are dropped or the stream fails.
 */
import {
  defer,
  EMPTY,
  finalize,
  mergeMap,
  type ObservableInput,
  type OperatorFunction,
  of,
  repeat,
  throwError,
} from "rxjs";
import { integer } from "../../check.ts";
import { OverrunError } from "../../errors.ts";

/** How a full set of slots is handled. */
export interface PushedOptions {
  readonly inFlight: number;
  /** "drop": the newest item waits and replaces the one that waited before; "error": the stream fails. */
  readonly policy: "drop" | "error";
  /** Called for each dropped item with the number dropped so far. */
  readonly onDropped?: (dropped: number) => void;
}

/**
 * Merge the Observables that `project` returns, at most `inFlight` at a time. An item that finds no free slot is
 * handled by `policy`.
 *
 * T → R*, in order of arrival. Under "drop" at most one item waits, however fast the source emits.
 *
 * **Warning**: results overtake each other if `inFlight` is above 1; `openTurns` puts them in order.
 *
 *     camera.pipe(admitPushed((frame) => restore(frame), { inFlight: 2, policy: "drop" }))
 *
 * @throws OptionError if `inFlight` is not an integer from 1 up; the Observable fails with OverrunError under
 *   "error", or with the error of the source, of `project` or of a projected Observable.
 */
export function admitPushed<T, R>(
  project: (item: T) => ObservableInput<R>,
  { inFlight, policy, onDropped }: PushedOptions,
): OperatorFunction<T, R> {
  integer("inFlight", inFlight, 1, Number.MAX_SAFE_INTEGER);
  return (source) =>
    defer(() => {
      const waiting: T[] = [];
      let taken = 0;
      let dropped = 0;
      /** A slot serves the waiting item, if any, before it becomes free. */
      const place = defer(() => project(waiting.shift() as T)).pipe(
        repeat({ delay: () => (waiting.length > 0 ? of(0) : EMPTY) }),
        finalize(() => {
          taken--;
        }),
      );
      return source.pipe(
        mergeMap((item) => {
          if (taken < inFlight) {
            taken++;
            waiting.push(item);
            return place;
          }
          if (policy === "error") return throwError(() => new OverrunError(inFlight));
          if (waiting.push(item) > 1) {
            waiting.shift();
            dropped++;
            onDropped?.(dropped);
          }
          return EMPTY;
        }),
      );
    });
}
