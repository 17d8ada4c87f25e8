/**
 * Memory given back when it is done with, not when a garbage collector comes by. Samples of tiles are large and their
 * handles small, so a collector sees no hurry: up to sixty megabytes of finished tiles wait in a thread, and the longer
 * a run the likelier in all threads at once. Memory used again at once is also still in the processor's caches.
 */
import { MessageChannel } from "node:worker_threads";

const nowhere = new MessageChannel().port1;
nowhere.close();

/**
 * Frees what lies under `views`, which are empty from then on, as are all other views of the same buffers: the caller
 * owns them and no code reads them any more. Those freed already, or moved to another thread, may be among them.
 * @throws DataCloneError where Node.js (from 21 on) has marked one as not to be moved, as its pool of small buffers
 */
export function freeBuffers(...views: readonly ArrayBufferView<ArrayBuffer>[]): void {
  const buffers = new Set(views.map(({ buffer }) => buffer).filter((b) => b.byteLength > 0));
  // A buffer moved to a closed port leaves this thread and arrives nowhere. From Node 22 on, `transfer(0)` is clearer.
  if (buffers.size > 0) nowhere.postMessage(undefined, [...buffers]);
}
