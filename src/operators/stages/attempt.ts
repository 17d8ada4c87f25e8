/** In goes an item, out comes what the stages make of it, at a later try where the first one fails. */
import { catchError, mergeMap, type Observable, type OperatorFunction, of, throwError } from "rxjs";
import { type DeblurError, isDeblurError } from "../../errors.ts";

/**
 * Run `stages` on an item until they succeed, `times` times at most. They are told whether it is the last time.
 *
 * A → B, once: stages that fail after they have emitted would emit twice.
 *
 * **Warning**: each try begins anew with the item, which the stages must not change.
 *
 *     attempt(3, (last) => pipe(decode(…), copyFailed(last ? "copy" : "fail", …)))
 *
 * @throws what the stages throw at the last try, or at any if another one cannot help: the engine is gone, does not
 * answer or lacks memory, or the input is damaged.
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
