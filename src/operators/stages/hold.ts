/** Releases the tensors of a stage when it succeeds, fails or is unsubscribed. */
import { defer, finalize, type MonoTypeOperatorFunction, tap } from "rxjs";
import type { DeviceTensor, Engine } from "../../model/engine.ts";

/**
 * Release the tensors a stage consumes as soon as it succeeds; release those it passes on only if it does not.
 *
 * T → T. A message owns its tensors: the emitted message owns `passes`, and the next operator releases them.
 *
 * **Warning**: after an unsubscribe tensors are released while the engine may still compute on them. Engines
 * execute calls in order, so the release happens afterwards.
 *
 *     stage(…).pipe(hold(engine, { consumes: [code, sigma], passes: [image] }))
 *
 * @throws the errors of the stage.
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
          // Release before the next stage allocates memory on the device.
          engine.release(...consumes);
        }),
        finalize(() => {
          if (!answered) engine.release(...consumes, ...passes);
        }),
      );
    });
}
