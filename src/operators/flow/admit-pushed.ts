/**
 * In go things to do that come when they come, out come the results of doing them, never more than `inFlight` at a
 * time. Nobody can ask a camera to wait: what comes while all places are taken is dropped, or is an error.
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

/** What becomes of an item when all places are taken. */
export interface PushedOptions {
  readonly inFlight: number;
  /** "drop": the newest one waits, and those before it are dropped; "error": the stream fails. */
  readonly policy: "drop" | "error";
  /** Called for each item that is dropped, with how many there were by then. */
  readonly onDropped?: (dropped: number) => void;
}

/**
 * Merge what `project` makes of the items; where an item comes and no place is free, do what `policy` says.
 *
 * T → R*, in order of arrival. Under "drop" one item waits at most, whatever the source does.
 *
 * **Warning**: results overtake each other if `inFlight` is above 1; `openTurns` puts them in order.
 *
 *     camera.pipe(admitPushed((frame) => restore(frame), { inFlight: 2, policy: "drop" }))
 *
 * @throws OptionError if `inFlight` is not an integer from 1 up; the Observable fails with OverrunError under
 * "error", or with what the source, `project` or a projected Observable fails with.
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
      /** A place that is free serves whoever waits before it is given back. */
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
