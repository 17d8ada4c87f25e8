/** In go items that need the device, out comes what the stages make of them, one item on the device at a time. */
import { concatMap, defer, finalize, from, mergeMap, type OperatorFunction, of } from "rxjs";
import type { Lane } from "../../model/lane.ts";

/**
 * Let each item through `stages` alone: it enters the lane, waits its turn, and leaves when the stages are
 * done, have failed, or nobody waits for them any more. The stages are held as a unit, so what one leaves on
 * the device for the next exists once, however many items are in flight and whoever shares the lane.
 *
 * A, one at a time → B*.
 *
 * **Warning**: stages that enter the same lane again wait for themselves.
 *
 *     exclusive(engine.lane, pipe(estimateKernels(engine, options), decodeFlow(engine, options)))
 *
 * @throws what the stages throw.
 */
export function exclusive<A, B>(
  lane: Lane,
  stages: OperatorFunction<A, B>,
): OperatorFunction<A, B> {
  return concatMap((item: A) =>
    defer(() => {
      const { ready, leave } = lane.enter();
      return from(ready).pipe(
        mergeMap(() => of(item).pipe(stages)),
        // Here, and not after the stages: also who gives up before its turn must leave, or the rest wait for ever.
        finalize(leave),
      );
    }),
  );
}
