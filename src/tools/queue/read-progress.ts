/** Reads the state of a run from its queue. */
import type { Job } from "bullmq";
import { NoInputError } from "../../errors.ts";
import { type JobProblem, problemOf } from "./job-error.ts";
import type { OpenQueue } from "./open-queue.ts";
import type { QueueProgress } from "./progress-facts.ts";
import { kindOfEnd } from "./queue-run.ts";

/** Of a job that ends a run. */
interface EndData {
  readonly kind: string;
  readonly parts: number;
  readonly tiles?: number;
  readonly frames?: number;
}

/** @throws NoInputError if the queue has no run of this id */
export async function progressOf(open: OpenQueue, id: string): Promise<QueueProgress> {
  const { queue } = open;
  const job = await queue.getJob(id);
  if (job === undefined) throw new NoInputError(id, "there is no such run in the queue");
  const data = job.data as EndData;
  const [state, counts, active, problems, workers] = await Promise.all([
    job.getState(),
    job.getDependenciesCount(),
    queue.getJobs(["active"], 0, 999),
    problemsOf(job),
    queue.getWorkersCount(),
  ]);
  const working = active.filter((one) => one?.id === id || one?.parent?.id === id);
  const { parts, tiles, frames } = data;
  const items = tiles ?? frames ?? parts;
  const partsFailed = problems.length;
  // After a retry, the queue holds only the parts that had failed.
  const left = (counts.unprocessed ?? 0) + partsFailed;
  const partsDone = state === "completed" ? parts : Math.max(0, parts - left);
  // A picture counts when it is finished.
  const begun = items === parts ? 0 : sum(working.map(doneOf));
  const done = state === "completed" ? items : Math.floor((partsDone * items) / Math.max(1, parts));
  return {
    ...{
      id,
      kind: kindOfEnd(data.kind),
      parts,
      partsDone,
      partsFailed,
      items,
      problems,
      workers,
      working: working.length,
    },
    state: stateOf(state, {
      isEnding: working.some((one) => one?.id === id),
      begun: partsDone + working.length,
    }),
    itemsDone: Math.min(items, done + begun),
    failure: state === "failed" ? problemOf(job.failedReason) : undefined,
  };
}

function stateOf(
  state: string,
  { isEnding, begun }: { readonly isEnding: boolean; readonly begun: number },
): QueueProgress["state"] {
  if (state === "completed") return "done";
  if (state === "failed") return "failed";
  if (isEnding || state !== "waiting-children") return "ending";
  return begun > 0 ? "working" : "waiting";
}

async function problemsOf(job: Job): Promise<readonly JobProblem[]> {
  return Object.values(await job.getIgnoredChildrenFailures()).map(problemOf);
}

function doneOf(job: Job): number {
  const { done = 0 } = (job.progress ?? {}) as { readonly done?: number };
  return Number.isFinite(done) ? done : 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
