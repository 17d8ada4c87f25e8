/** In goes any stream, out comes the same until a signal says stop: the bridge from AbortSignal to unsubscribing. */
import {
  defer,
  fromEvent,
  identity,
  type MonoTypeOperatorFunction,
  map,
  of,
  takeUntil,
} from "rxjs";

/**
 * Unsubscribe from the source when `signal` is aborted, and fail with the signal's reason.
 *
 * T → T. Without a signal the source itself; with one that is aborted already, nothing is subscribed to.
 *
 *     interval(100).pipe(untilAborted(AbortSignal.timeout(250))) // 0, 1, then a TimeoutError
 *
 * @throws `signal.reason`, as it is.
 */
export function untilAborted<T>(signal: AbortSignal | undefined): MonoTypeOperatorFunction<T> {
  if (signal === undefined) return identity;
  const aborted = defer(() => (signal.aborted ? of(signal) : fromEvent(signal, "abort"))).pipe(
    map(() => {
      throw signal.reason;
    }),
  );
  return takeUntil(aborted);
}
