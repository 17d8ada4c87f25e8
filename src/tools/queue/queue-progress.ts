/** Follows a run in a queue as an Observable, which other pipelines merge, throttle and chart. */
import {
  concatMap,
  defer,
  exhaustMap,
  finalize,
  from,
  type Observable,
  takeWhile,
  timer,
} from "rxjs";
import { RunFailedError } from "../../errors.ts";
import { openQueue } from "./open-queue.ts";
import type { QueueProgress } from "./progress-facts.ts";
import type { QueueRun } from "./queue-run.ts";
import { progressOf } from "./read-progress.ts";

/**
 * Reports a run every `period` milliseconds, and when its state changes at the latest then. Completes when the output is
 * made. Each subscriber has a connection of its own, which waits where Redis is away for a while.
 *
 *     queueProgress(run).pipe(throttleTime(10_000)).subscribe(chart);
 *
 * The Observable errors with RunFailedError after the value whose state is "failed", with NoInputError if the queue
 * has no such run, and as `submitRun` if there is no connection.
 */
export function queueProgress(run: QueueRun, period = 500): Observable<QueueProgress> {
  return defer(() => {
    const opening = openQueue(run);
    return from(opening).pipe(
      concatMap((open) =>
        timer(0, period).pipe(
          exhaustMap(() => progressOf(open, run.id)),
          takeWhile(({ state }) => state !== "done" && state !== "failed", true),
          concatMap(withFailure),
        ),
      ),
      // Also where the subscriber leaves before the connection is open.
      finalize(() => void opening.then((open) => open.close()).catch(() => {})),
    );
  });
}

/** The value; and after that of a failed run its error. */
async function* withFailure(progress: QueueProgress): AsyncGenerator<QueueProgress> {
  yield progress;
  const { failure } = progress;
  if (failure !== undefined) throw new RunFailedError(failure.message, failure.exitCode);
}
