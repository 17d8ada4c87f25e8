/** Waits for a run in a queue. */
import { fromEvent, lastValueFrom, takeUntil, tap } from "rxjs";
import type { QueueProgress } from "./progress-facts.ts";
import { queueProgress } from "./queue-progress.ts";
import type { QueueRun } from "./queue-run.ts";

/**
 * Resolves when the run's output is made.
 * @throws as `queueProgress`; the signal's reason once it is aborted: the run continues without this process
 */
export async function watchRun(
  run: QueueRun,
  {
    signal,
    onProgress,
  }: { readonly signal: AbortSignal; readonly onProgress: (progress: QueueProgress) => void },
): Promise<void> {
  signal.throwIfAborted();
  const watched = queueProgress(run).pipe(takeUntil(fromEvent(signal, "abort")), tap(onProgress));
  await lastValueFrom(watched, { defaultValue: undefined });
  signal.throwIfAborted();
}
