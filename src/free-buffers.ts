/**
 * Frees the memory of buffers at once instead of at the next garbage collection. Buffers of tiles are large and their
 * handles small, so the collector starts late: up to sixty megabytes of finished tiles wait in a thread. Memory that is
 * reused at once is also still in the processor's caches.
 */
import { MessageChannel } from "node:worker_threads";

const nowhere = new MessageChannel().port1;
nowhere.close();

/**
 * Frees the buffers of `views`. These and all other views of the same buffers are empty afterwards. The caller owns the
 * buffers. Buffers that are freed already, or were moved to another thread, are skipped.
 * @throws DataCloneError if Node.js (from 21 on) forbids moving a buffer, such as its pool of small buffers
 */
export function freeBuffers(...views: readonly ArrayBufferView<ArrayBuffer>[]): void {
  const buffers = new Set(views.map(({ buffer }) => buffer).filter((b) => b.byteLength > 0));
  // A buffer moved to a closed port leaves this thread and arrives nowhere. From Node 22 on, `transfer(0)` is clearer.
  if (buffers.size > 0) nowhere.postMessage(undefined, [...buffers]);
}
