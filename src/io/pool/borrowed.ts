/**
 * Bytes that a thread uses again for each of its tasks. What a task makes anew waits for the garbage collector,
 * which lets some thirty megabytes of it wait in every thread, and the longer a run the likelier all of them at once.
 */
let scratch = new Uint8Array(0);

/** `length` bytes of any content: the caller's until anybody in this thread borrows again, so use them up at once. */
export function borrowBytes(length: number): Uint8Array<ArrayBuffer> {
  if (scratch.length < length) scratch = new Uint8Array(length);
  return scratch.subarray(0, length);
}
