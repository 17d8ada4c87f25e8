/**
 * In goes an iterable of things to do, out come the results in the same order, at the consumer's pace. Where
 * `admit` hands a result on as soon as there is one, here it waits for its turn, and counts while it waits.
 */
import { integer } from "../../check.ts";

/**
 * Pull items ahead of the consumer, `inFlight` at most between pull and the consumer's asking for the next one,
 * and hand over what `project` makes of them, in order of the items.
 *
 * T, pulled → R. Nothing is pulled before the first is asked for. When the consumer stops, or on an error, it pulls
 * no more, waits for what is under way, and returns the iterator.
 *
 *     admit(pullAhead(planPairs(planning), 8, make), 1, train) // trains on one while others are made
 *
 * @throws OptionError if `inFlight` is not an integer from 1 up; later what the iterator or `project` fails with,
 * in its turn.
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
      // Heard in its turn; until then a failure is nobody's.
      made.catch(() => {});
      underWay.push(made);
      // What the consumer holds counts until it asks for more, which is when this goes on.
      if (underWay.length === inFlight) yield await (underWay.shift() as Promise<R>);
    }
    while (underWay.length > 0) yield await (underWay.shift() as Promise<R>);
  } finally {
    await Promise.allSettled(underWay);
  }
}

/** What `project` begins to make of each item; what the iterator fails with is the last of them. */
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
