/**
 * rx-deblur/queue: runs spread over machines by BullMQ on Redis. A run is submitted once; workers on any machine that
 * sees the files do its parts, and redo those of workers that disappear.
 *
 *     const run = await submitRun("map.tif", "sharp.tif", { queue: "redis://127.0.0.1" });
 *     const worker = await openWorker({ queue: "redis://127.0.0.1", root: "." });
 *     await lastValueFrom(queueProgress(run));
 *     await worker.close();
 */
export { RunFailedError } from "./errors.ts";
export type { JobProblem } from "./tools/queue/job-error.ts";
export { drainRuns, type QueueChoice, queueStatus, retryRuns } from "./tools/queue/manage-queue.ts";
export {
  openWorker,
  type QueueWorker,
  type QueueWorkerContext,
  type QueueWorkerOptions,
} from "./tools/queue/open-worker.ts";
export type { QueueProgress } from "./tools/queue/progress-facts.ts";
export { queueProgress } from "./tools/queue/queue-progress.ts";
export type { QueueRun, RunKind } from "./tools/queue/queue-run.ts";
export { type SubmitOptions, type SubmittedRun, submitRun } from "./tools/queue/submit-run.ts";
