/** Opens a worker of a queue: it does jobs until it is closed. BullMQ hands them out, and hands them out again. */
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { availableParallelism, hostname } from "node:os";
import type { Job, Worker } from "bullmq";
import { integer } from "../../check.ts";
import { isDeblurError, NoInputError, UnavailableError } from "../../errors.ts";
import { openPool } from "../../io/pool/pool.ts";
import type { OpenEngine } from "../../pipeline/engines/choose-engine.ts";
import { belowRoot, realRoot } from "./below-root.ts";
import { connect } from "./connect.ts";
import { doJob } from "./do-job.ts";
import { OtherReleaseError, type QueueJob, readJob } from "./job-data.ts";
import { isFinal, isOfWorker, problemOf, reasonOf } from "./job-error.ts";
import type { JobResult, JobTools } from "./job-tools.ts";
import { keepRunsOpen } from "./open-runs.ts";
import { partWords } from "./part-words.ts";
import { checkQueueName, readQueueAddress } from "./queue-address.ts";
import { runFolderOf } from "./run-folder-of.ts";
import { shareEngines } from "./shared-engines.ts";

/** The options of a worker. */
export interface QueueWorkerOptions {
  /** Of Redis; undefined: the variable DEBLUR_QUEUE. User and password may be in variables of their own. */
  readonly queue?: string | undefined;
  /** Of the queue. Default "deblur". */
  readonly name?: string;
  /** The folder that holds all files of the jobs; paths that leave it are refused. */
  readonly root: string;
  /** Jobs at a time. Default 1. */
  readonly concurrency?: number;
  /** Threads that compute. Default: one a core. */
  readonly threads?: number;
  /** Most bytes the process may take; undefined: as many as the tiles need. */
  readonly memory?: number | undefined;
  /** Seconds after which the job of a silent worker is given to another. Default 30. */
  readonly lock?: number;
}

/** The callbacks of a worker, and the signal that closes it. */
export interface QueueWorkerContext {
  /** Once it is aborted, the worker finishes the tiles in flight, gives its jobs back and ends. */
  readonly signal?: AbortSignal;
  /** Receives one line for each job and each notice. */
  readonly onNote?: (line: string) => void;
  /** Default: the engine that a job's options choose. */
  readonly openEngine?: OpenEngine;
}

/** A running worker. */
export interface QueueWorker {
  /** Finishes the tiles in flight, gives jobs back, and closes. Idempotent. */
  close(): Promise<void>;
  /** Resolves when the worker is closed. Rejects with the error that ended it; its job is back in the queue. */
  readonly ended: Promise<void>;
}

/** A job whose workers disappear more often fails: it may be the job that kills them. */
const mostStalls = 5;
/** A worker ends after so many jobs in a row whose files it does not find: its root is probably another. */
const mostMissing = 3;
/** Milliseconds until another worker may take a job that this one cannot do. */
const putBackFor = 5000;

/**
 * Opens a worker and starts it.
 *
 *     const worker = await openWorker({ queue: "redis://127.0.0.1", root: "/data" });
 *     await worker.ended;
 *
 * @throws OptionError; NoInputError if the root does not exist; UnavailableError if Redis does not answer
 */
export async function openWorker(
  options: QueueWorkerOptions,
  { signal, onNote = () => {}, openEngine }: QueueWorkerContext = {},
): Promise<QueueWorker> {
  const { memory } = options;
  const name = checkQueueName("name", options.name ?? "deblur");
  const cores = availableParallelism();
  const concurrency = integer("concurrency", options.concurrency ?? 1, 1, 1000);
  const threads = integer("threads", options.threads ?? cores, 1, 1024);
  const lock = 1000 * integer("lock", options.lock ?? 30, 1, 3600);
  const address = readQueueAddress(options.queue);
  const root = await realRoot(options.root);
  const {
    bullmq,
    redis,
    close: disconnect,
  } = await connect(address, (state, problem) => {
    onNote(
      state === "lost"
        ? `${address.shown}: connection lost (${problem}); work continues, waiting for Redis`
        : `${address.shown}: connected again`,
    );
  });
  const pool = openPool({ threads });
  const engines = shareEngines(openEngine);
  const draining = new AbortController();
  const runs = keepRunsOpen({ pool, openEngine: engines.open, onNote });
  let fault: unknown;
  let missing = 0;

  const worker: Worker = new bullmq.Worker(name, perform, {
    // BullMQ duplicates it for the call that waits.
    connection: redis,
    ...{ concurrency, autorun: false, name: `${hostname()}:${process.pid}` },
    ...{ lockDuration: lock, stalledInterval: lock, maxStalledCount: mostStalls },
  });
  // The connection reports its own errors.
  worker.on("error", (error) => {
    if (/could not renew lock|Missing lock/i.test(error.message)) {
      onNote(`a job was taken for lost and given to another worker: its tiles are kept`);
    }
  });
  worker.on("stalled", (id) => onNote(`job ${id}: its worker disappeared; it waits for another`));
  worker.on("completed", (job) => {
    removeRun(job).catch((error) => onNote(`could not clean up: ${String(error)}`));
  });
  const running = worker.run();
  const ended = running.then(finish, finish);
  // The caller may be interested later.
  ended.catch(() => {});
  const stop = () => void close();
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop, { once: true });
  return { close, ended };

  async function close(): Promise<void> {
    // No further job is fetched from here on.
    const closing = worker.close();
    draining.abort(new Error("the worker closes"));
    await closing;
    await ended.catch(() => {});
  }

  async function finish(problem: unknown): Promise<void> {
    signal?.removeEventListener("abort", stop);
    await worker.close();
    await runs.close();
    await engines.close();
    await pool.close();
    await disconnect();
    const error = fault ?? problem;
    if (error !== undefined && error !== null) throw error;
  }

  /** Ends the worker with `error`, after its other jobs. */
  function end(error: unknown): void {
    fault ??= error;
    setImmediate(() => void close());
  }

  async function perform(job: Job, token?: string): Promise<JobResult> {
    const id = job.id ?? "";
    let data: QueueJob;
    try {
      data = readJob(id, job.data);
    } catch (error) {
      if (!(error instanceof OtherReleaseError)) throw refused(error, "");
      end(new UnavailableError(error.message, { cause: error }));
      return putBack(job, token, putBackFor);
    }
    const part = partWords(data);
    const began = performance.now();
    try {
      const result = await doJob(data, toolsFor(job), () => failuresOf(job));
      missing = 0;
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      onNote(`${part}: done in ${seconds} s`);
      return result;
    } catch (error) {
      if (isOfWorker(error)) {
        end(error);
        return await putBack(job, token, putBackFor);
      }
      if (draining.signal.aborted) {
        onNote(`${part}: back in the queue, its finished tiles are kept`);
        return await putBack(job, token, 0);
      }
      if (isDeblurError(error) && error.exitCode === 75) engines.forget();
      missing = isDeblurError(error, "NoInputError") ? missing + 1 : 0;
      if (missing === mostMissing) end(lostRoot(error));
      throw refused(error, part);
    }
  }

  function lostRoot(cause: unknown): NoInputError {
    const what = `${mostMissing} jobs in a row have no files below this root; is it the one of submit?`;
    return new NoInputError(options.root, what, { cause });
  }

  function toolsFor(job: Job): JobTools {
    let reported = 0;
    return {
      ...{ root, threads, runs, openEngine: engines.open, signal: draining.signal, note: onNote },
      job: `${job.id}-${randomUUID().slice(0, 8)}`,
      memory: memory === undefined ? undefined : Math.floor(memory / concurrency),
      progress(done) {
        // The end of a job reports itself; a lost connection delays reports.
        if (performance.now() - reported < 1000 || redis.status !== "ready") return;
        reported = performance.now();
        job.updateProgress({ done }).catch(() => {});
      },
    };
  }

  /** The error that BullMQ stores: the attempt counts, and the last one fails the job. */
  function refused(error: unknown, part: string): Error {
    // A run that failed names its parts itself.
    const reason = reasonOf(error, isDeblurError(error, "RunFailedError") ? "" : part);
    onNote(problemOf(reason).message);
    return isFinal(error) ? new bullmq.UnrecoverableError(reason) : new Error(reason);
  }

  /** Gives a job back without counting the attempt. */
  async function putBack(job: Job, token: string | undefined, delay: number): Promise<never> {
    if (delay > 0) {
      await job.moveToDelayed(Date.now() + delay, token);
      throw new bullmq.DelayedError();
    }
    await job.moveToWait(token);
    throw new bullmq.WaitingError();
  }

  async function failuresOf(job: Job): Promise<ReturnType<typeof problemOf>[]> {
    return Object.values(await job.getIgnoredChildrenFailures()).map(problemOf);
  }

  /** The tiles of a run are of no use once the queue knows that its output is made. */
  async function removeRun(job: Job): Promise<void> {
    const data = readJob(job.id ?? "", job.data);
    if (data.kind !== "assembly" && data.kind !== "join") return;
    // No other folder, whatever a job says.
    if (data.run !== runFolderOf(data.output)) return;
    const folder = await belowRoot(root, data.run);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
