/**
 * Runs CPU work off the main thread, in a piscina pool. The pool knows no task: each is defined beside its own code
 * (see `poolTask`) and exported by the worker. Stages of a pipeline decide how many tasks are under way.
 */
import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import { Piscina } from "piscina";

/** Threads for work that costs CPU time beside the engine. `convertIn` and `makePairIn` run in one. */
export interface Pool {
  readonly threads: number;
  /** Runs the task that the worker exports under that name. `moved` buffers of the job are unusable afterwards. */
  run<R>(task: string, job: object, moved: readonly ArrayBuffer[]): Promise<R>;
  /** Lets tasks under way finish, then ends the threads. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts the threads; the caller closes the pool. `threads` defaults to the machine's, `entry` to the compiled worker
 * of this package.
 */
export function openPool(options: { readonly threads?: number; readonly entry?: URL } = {}): Pool {
  const threads = options.threads ?? availableParallelism();
  const piscina = new Piscina({
    filename: (options.entry ?? new URL("../../pool-worker.js", import.meta.url)).href,
    minThreads: threads,
    maxThreads: threads,
    // Else a thread's young objects grow to 48 MB, late in a long run and in no thread at the same time.
    resourceLimits: { maxYoungGenerationSizeMb: 12 },
  });
  const loading = piscina.threads.map(loaded);
  const underWay = new Set<Promise<unknown>>();
  let ending: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    // Destroying now would stop threads inside a write, on a descriptor its owner is about to close.
    await Promise.allSettled(underWay);
    // A task that needed a thread failed with the reason why it cannot load; no later task needs one.
    piscina.on("error", () => {});
    // A thread that is stopped while it loads its tasks may take the process with it (134).
    for (const thread of piscina.threads) thread.ref();
    await Promise.all(loading);
    await piscina.destroy();
  };
  return {
    threads,
    // No signal is handed to piscina: aborting a running task would kill its thread and its neighbours.
    async run(task, job, moved) {
      if (ending !== undefined) throw new Error("the worker pool is closed");
      const answer = piscina.run(job, { name: task, transferList: [...moved] });
      underWay.add(answer);
      try {
        return await answer;
      } finally {
        underWay.delete(answer);
      }
    },
    close() {
      ending ??= end();
      return ending;
    },
  };
}

/** Settles with the first message of a thread, which says that its tasks are loaded, or with the thread's end. */
function loaded(thread: Worker): Promise<unknown> {
  return new Promise((resolve) => thread.once("message", resolve).once("exit", resolve));
}
