/** Follows a run in a queue as an Observable, which other pipelines merge, throttle and chart. */
import type { Job } from "bullmq";
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
import { NoInputError, RunFailedError } from "../../errors.ts";
import { type JobProblem, problemOf } from "./job-error.ts";
import { type OpenQueue, openQueue } from "./open-queue.ts";
import { kindOfEnd, type QueueRun, type RunKind } from "./queue-run.ts";

/** The state of a run in a queue. */
export interface QueueProgress {
  readonly id: string;
  readonly kind: RunKind;
  /** "ending": its parts are done, and its output is being made. */
  readonly state: "waiting" | "working" | "ending" | "done" | "failed";
  /** Ranges, pictures or segments; finished and failed ones among them. */
  readonly parts: number;
  readonly partsDone: number;
  readonly partsFailed: number;
  /** Tiles, pictures or frames, and how many are done, about: exact when the parts are. */
  readonly items: number;
  readonly itemsDone: number;
  /** Jobs of the run that are being done now. */
  readonly working: number;
  /** Workers of the queue. */
  readonly workers: number;
  /** Why parts failed so far; while the run lasts, others continue. */
  readonly problems: readonly JobProblem[];
  /** Why the run failed; undefined: it has not. */
  readonly failure: JobProblem | undefined;
}

/** Of a job that ends a run. */
interface EndData {
  readonly kind: string;
  readonly parts: number;
  readonly tiles?: number;
  readonly frames?: number;
}

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
