/**
 * Defines a task of the pool, and which memory of its job and its answer moves between threads instead of being copied.
 * Tasks are synchronous: between two of them a thread sleeps in Atomics.wait, where nothing left unawaited would run.
 */
import { move, transferableSymbol, valueSymbol } from "piscina";
import type { Raster } from "../../image/raster.ts";
import type { Pool } from "./pool.ts";

/** A task as its callers see it: a function of the job, for each pool. */
export type PoolTask<Task extends (job: never) => unknown> = (
  pool: Pool,
) => (job: Parameters<Task>[0]) => Promise<ReturnType<Task>>;

/**
 * The caller's half of a task: the function `name`, which pool-worker.ts exports, run in a thread of a pool. Buffers
 * that `movedOf` names move with the job and are unusable afterwards; a view of one is all of it (see `owned`).
 */
export function poolTask<Task extends (job: never) => unknown>(
  name: string,
  movedOf: (job: Parameters<Task>[0]) => readonly ArrayBuffer[] = () => [],
): PoolTask<Task> {
  return (pool) => (job) => pool.run(name, job, movedOf(job));
}

/** A raster whose buffer holds nothing else: moving a window would take its neighbours' samples along. */
export function owned(raster: Raster): Raster {
  return whole(raster.samples) ? raster : { ...raster, samples: raster.samples.slice() };
}

/** True where a view is all of its buffer. */
export function whole(view: ArrayBufferView): boolean {
  return view.byteLength === view.buffer.byteLength;
}

/** In a task: its answer, of which `buffers` move to the caller. */
export function moved<T>(value: T, buffers: ArrayBuffer[]): T {
  // piscina unwraps it on the way: the caller receives `value`.
  return move({ [transferableSymbol]: buffers, [valueSymbol]: value } as never) as unknown as T;
}

let scratch = new Uint8Array(0);

/**
 * In a task: `length` bytes of any content, which the thread uses again for its next tasks, so the caller uses them up
 * at once. New ones would wait for the garbage collector, some 30 MB in each thread, in a long run in all at once.
 */
export function borrowBytes(length: number): Uint8Array<ArrayBuffer> {
  if (scratch.length < length) scratch = new Uint8Array(length);
  return scratch.subarray(0, length);
}
