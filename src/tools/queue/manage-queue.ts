/** Lists the runs of a queue, and retries or removes them. */
import type { Job } from "bullmq";
import { NoInputError, RunFailedError } from "../../errors.ts";
import { addFlow } from "./add-flow.ts";
import { type EndJob, type PartJob, readJob } from "./job-data.ts";
import type { OpenQueue } from "./open-queue.ts";
import { withQueue } from "./open-queue.ts";
import type { QueueProgress } from "./progress-facts.ts";
import { endKinds, type QueueRun } from "./queue-run.ts";
import { progressOf } from "./read-progress.ts";

/** A queue: all of it, or one run. */
export type QueueChoice = Omit<QueueRun, "id"> & { readonly id?: string | undefined };

/** Finished runs that are listed. */
const mostFinished = 100;

/** Lists the runs of a queue, unfinished ones first. @throws as `openQueue`; NoInputError if there is no run `id` */
export function queueStatus({ id, ...choice }: QueueChoice): Promise<readonly QueueProgress[]> {
  return withQueue(choice, async (open) => {
    const ids = id === undefined ? await runsOf(open) : [id];
    return Promise.all(ids.map((one) => progressOf(open, one)));
  });
}

/**
 * Tries the failed parts of runs again, three times as before; finished ones stay. Returns the ids of the runs.
 * @throws as `queueStatus`
 */
export function retryRuns({ id, ...choice }: QueueChoice): Promise<readonly string[]> {
  return withQueue(choice, async (open) => {
    const ids = id === undefined ? await runsOf(open) : [id];
    const retried: string[] = [];
    for (const one of ids) if (await retry(open, await jobOf(open, one))) retried.push(one);
    return retried;
  });
}

/**
 * Removes runs from a queue: all unfinished ones, or that of the id. Jobs that are being done are finished. The tiles
 * stay in the run's folder; submitting the run again uses them. Returns the ids of the runs.
 * @throws as `queueStatus`
 */
export function drainRuns({ id, ...choice }: QueueChoice): Promise<readonly string[]> {
  return withQueue(choice, async (open) => {
    const ids = id === undefined ? await runsOf(open) : [id];
    const drained: string[] = [];
    for (const one of ids) {
      const job = await jobOf(open, one);
      if (id === undefined && (await job.isCompleted())) continue;
      const parts = await waitingParts(job);
      // First the end: it must not begin because its parts are gone.
      if (!(await remove(open, one))) {
        if (id === undefined) continue;
        throw new RunFailedError(`${id}: its output is being made; try again when that ends`, 75);
      }
      await Promise.all(parts.map((part) => remove(open, part)));
      drained.push(one);
    }
    return drained;
  });
}

/** The ids of the parts of a run that are not finished. */
async function waitingParts(end: Job): Promise<readonly string[]> {
  const found: string[] = [];
  let cursor = 0;
  do {
    const page = await end.getDependencies({ unprocessed: { cursor, count: 1000 } });
    for (const key of page.unprocessed ?? []) found.push(key.slice(key.lastIndexOf(":") + 1));
    cursor = page.nextUnprocessedCursor ?? 0;
  } while (cursor !== 0);
  return found;
}

/** False where a worker is doing the job. */
async function remove({ queue }: OpenQueue, id: string): Promise<boolean> {
  return (await queue.remove(id, { removeChildren: false })) === 1;
}

/** The ids of the runs, unfinished ones first. Ends wait before parts, because they have a better priority. */
async function runsOf({ queue }: OpenQueue): Promise<readonly string[]> {
  const jobs: (Job | undefined)[] = [
    ...(await queue.getJobs(["waiting-children", "active", "delayed"])),
    ...(await queue.getJobs(["prioritized", "waiting"], 0, mostFinished, true)),
    ...(await queue.getJobs(["failed"])),
    ...(await queue.getJobs(["completed"], 0, 10 * mostFinished)),
  ];
  const ends = jobs.flatMap((job) => (job?.id && endKinds.includes(job.name) ? [job.id] : []));
  return [...new Set(ends)];
}

async function jobOf({ queue }: OpenQueue, id: string): Promise<Job> {
  const job = await queue.getJob(id);
  if (job === undefined || !endKinds.includes(job.name)) {
    throw new NoInputError(id, "there is no such run in the queue");
  }
  return job;
}

/** False where nothing of the run has failed. */
async function retry(open: OpenQueue, end: Job): Promise<boolean> {
  const keys = Object.keys(await end.getIgnoredChildrenFailures());
  const failed = await Promise.all(
    keys.map((key) => open.queue.getJob(key.slice(key.lastIndexOf(":") + 1))),
  );
  const parts = failed.filter((job) => job !== undefined);
  if (!(await end.isFailed())) {
    // The end still waits: its parts fail and succeed under it.
    for (const part of parts) await part.retry("failed", { resetAttemptsMade: true });
    return parts.length > 0;
  }
  if (parts.length === 0) {
    await end.retry("failed", { resetAttemptsMade: true });
    return true;
  }
  const id = end.id as string;
  const jobs = {
    id,
    end: readJob(id, end.data) as EndJob,
    parts: parts.map((part) => readJob(part.id ?? "", part.data) as PartJob),
    priority: Math.max(1, Math.floor((end.opts.priority ?? 200) / 2)),
  };
  await end.remove({ removeChildren: true });
  await addFlow(open, jobs);
  return true;
}
