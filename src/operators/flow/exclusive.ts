/** Runs stages on the device for one item at a time. */
import { concatMap, defer, finalize, from, mergeMap, type OperatorFunction, of } from "rxjs";
import type { Lane } from "../../model/lane.ts";

/**
 * Run `stages` for one item at a time. The item enters the lane and waits its turn. It leaves when the stages are
 * done, have failed or are unsubscribed. The stages are guarded as a unit, so their intermediate tensors exist only
 * once, however many items are in flight and however many pipelines share the lane.
 *
 * A, one at a time → B*.
 *
 * **Warning**: stages that enter the same lane again wait for themselves.
 *
 *     exclusive(engine.lane, pipe(estimateKernels(engine, options), decodeFlow(engine, options)))
 *
 * @throws the errors of the stages.
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
        // Here and not after the stages: an item that is unsubscribed before its turn must leave too, or all others
        // wait forever.
        finalize(leave),
      );
    }),
  );
}
