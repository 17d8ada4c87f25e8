/**
 * Appends parts of a file in their order, while a bounded number of them is made at the same time. A part that waits
 * for its turn holds its place, so that memory stays bounded too.
 */
import type { FileHandle } from "node:fs/promises";
import { defer, lastValueFrom } from "rxjs";
import { admit } from "../../operators/flow/admit.ts";
import { untilAborted } from "../../operators/flow/until-aborted.ts";
import type { Pool } from "./pool.ts";

/** What writing needs besides the picture. */
export interface WritingContext {
  readonly pool: Pool;
  /** Parts between being read and being written. */
  readonly inFlight: number;
  readonly signal: AbortSignal;
}

/** A file that grows at its end; one write at a time. */
export interface Appender {
  /** Where the next byte goes. */
  readonly position: number;
  /** Writes all bytes; fails with the system's error. */
  append(bytes: Uint8Array): Promise<void>;
}

/** Appends to `file` from `start` on. */
export function appendTo(file: FileHandle, start: number): Appender {
  let position = start;
  return {
    get position() {
      return position;
    },
    async append(bytes) {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await file.write(
          bytes,
          done,
          bytes.length - done,
          position + done,
        );
        done += bytesWritten;
      }
      position += bytes.length;
    },
  };
}

/** How parts are made and stored. */
interface Work<T, R> {
  readonly inFlight: number;
  readonly signal: AbortSignal;
  /** Several at a time. */
  make(item: T): Promise<R>;
  /** One at a time, in the order of the items. */
  store(item: T, made: R): Promise<void>;
}

/**
 * Makes and stores a part for each item. When this settles nothing is under way any more. Fails with what the
 * first failing part fails with, or the signal's reason.
 */
export async function appendInOrder<T, R>(
  items: Iterable<T>,
  { inFlight, signal, make, store }: Work<T, R>,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let before: Promise<void> = Promise.resolve();
  const part = async (item: T, turn: Promise<void>): Promise<void> => {
    const made = await make(item);
    await turn;
    signal.throwIfAborted();
    await store(item, made);
  };
  const stored = admit(items, inFlight, (item) =>
    defer(() => {
      // Items are admitted in order, so each waits for the one before it.
      const done = part(item, before);
      before = done;
      underWay.add(done);
      const forget = () => underWay.delete(done);
      done.then(forget, forget);
      return done;
    }),
  );
  try {
    await lastValueFrom(stored.pipe(untilAborted(signal)), { defaultValue: undefined });
  } finally {
    await Promise.allSettled(underWay);
  }
}
