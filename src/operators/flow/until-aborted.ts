/** Ends a stream when an AbortSignal is aborted. */
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
 * T → T. Without a signal it returns the source itself; with an aborted signal it never subscribes.
 *
 *     interval(100).pipe(untilAborted(AbortSignal.timeout(250))) // 0, 1, then a TimeoutError
 *
 * @throws `signal.reason`, unchanged.
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
