/** Threads as they come and go; Node 20 does not tell of them otherwise. */
import type { Worker } from "node:worker_threads";

/** Counts the threads that this one starts from now on and that have not ended. */
export function countWorkers(): { live(): number; stop(): void } {
  let live = 0;
  const count = (worker: Worker): void => {
    live++;
    worker.once("exit", () => live--);
  };
  process.on("worker", count);
  return { live: () => live, stop: () => void process.off("worker", count) };
}
