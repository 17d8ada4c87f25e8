/**
 * Processes items of an iterable ahead of the consumer and returns the results in order. `admit` emits a result as
 * soon as it exists; here a result waits for its turn, and counts as in flight while it waits.
 */
import { integer } from "../../check.ts";

/**
 * Pull items ahead of the consumer and return the results of `project` in the order of the items. An item is in
 * flight from its pull until the consumer requests the next result; at most `inFlight` are at a time.
 *
 * T, pulled → R. The first pull happens on the first request. When the consumer stops, or on an error, it pulls no
 * more, waits for pending results, and returns the iterator.
 *
 *     admit(pullAhead(planPairs(planning), 8, make), 1, train) // trains on one while others are made
 *
 * @throws OptionError if `inFlight` is not an integer from 1 up; later the error of the iterator or of `project`,
 *   in order.
 */
export function pullAhead<T, R>(
  items: Iterable<T>,
  inFlight: number,
  project: (item: T) => Promise<R>,
): AsyncIterable<R> {
  integer("inFlight", inFlight, 1, Number.MAX_SAFE_INTEGER);
  return { [Symbol.asyncIterator]: () => results(items, inFlight, project) };
}

async function* results<T, R>(
  items: Iterable<T>,
  inFlight: number,
  project: (item: T) => Promise<R>,
): AsyncGenerator<R, void, void> {
  const underWay: Promise<R>[] = [];
  try {
    for (const made of begun(items, project)) {
      // Avoids an unhandled rejection; the promise is awaited below.
      made.catch(() => {});
      underWay.push(made);
      // The yielded result counts until the consumer requests the next one, which resumes this generator.
      if (underWay.length === inFlight) yield await (underWay.shift() as Promise<R>);
    }
    while (underWay.length > 0) yield await (underWay.shift() as Promise<R>);
  } finally {
    await Promise.allSettled(underWay);
  }
}

/** The pending result of each item; an error of the iterator becomes the last of them. */
function* begun<T, R>(
  items: Iterable<T>,
  project: (item: T) => Promise<R>,
): Generator<Promise<R>, void, void> {
  try {
    for (const item of items) yield project(item);
  } catch (error) {
    yield Promise.reject(error);
  }
}
