/** In goes the answer of a stage, out comes the same, with the tensors the stage had in hand accounted for. */
import { defer, finalize, type MonoTypeOperatorFunction, tap } from "rxjs";
import type { DeviceTensor, Engine } from "../../model/engine.ts";

/**
 * Release what a stage consumes as soon as it has answered, and what it passes on only if it has not.
 *
 * T → T. A message owns its tensors: the one that is emitted owns `passes`, so they are the next operator's.
 *
 * **Warning**: after an unsubscribe tensors are released while the engine may still compute on them; engines
 * answer calls in order, so that the release comes after.
 *
 *     stage(…).pipe(hold(engine, { consumes: [code, sigma], passes: [image] }))
 *
 * @throws what the stage throws.
 */
export function hold<T>(
  engine: Engine,
  tensors: {
    readonly consumes?: readonly DeviceTensor[];
    readonly passes?: readonly DeviceTensor[];
  },
): MonoTypeOperatorFunction<T> {
  const { consumes = [], passes = [] } = tensors;
  return (answer) =>
    defer(() => {
      let answered = false;
      return answer.pipe(
        tap(() => {
          answered = true;
          // Before the next stage asks the device for memory, not after.
          engine.release(...consumes);
        }),
        finalize(() => {
          if (!answered) engine.release(...consumes, ...passes);
        }),
      );
    });
}
