/** Retries stages on an item that failed. */
import { catchError, mergeMap, type Observable, type OperatorFunction, of, throwError } from "rxjs";
import { type DeblurError, isDeblurError } from "../../errors.ts";

/**
 * Run `stages` on an item until they succeed, at most `times` times. The argument `last` is true on the last try.
 *
 * A → B, once: stages that fail after they have emitted would emit twice.
 *
 * **Warning**: each try starts with the same item, so the stages must not change it.
 *
 *     attempt(3, (last) => pipe(decode(…), copyFailed(last ? "copy" : "fail", …)))
 *
 * @throws the error of the last try. An error that another try cannot fix is thrown at once: the engine is lost,
 *   does not answer or is out of memory, or the input is damaged.
 */
export function attempt<A, B>(
  times: number,
  stages: (last: boolean) => OperatorFunction<A, B>,
): OperatorFunction<A, B> {
  const tryFrom = (item: A, time: number): Observable<B> =>
    of(item).pipe(
      stages(time === times),
      catchError((error: unknown) =>
        time < times && mayHelp(error) ? tryFrom(item, time + 1) : throwError(() => error),
      ),
    );
  return mergeMap((item) => tryFrom(item, 1));
}

const lasting: readonly DeblurError["_tag"][] = [
  "UnavailableError",
  "StageTimeoutError",
  "OutOfMemoryError",
  "DeviceLostError",
  "InputError",
];

function mayHelp(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return !isDeblurError(error, ...lasting) && !isDeblurError(cause, ...lasting);
}
