/**
 * In goes an iterable of things to do, out come the results of doing them, never more than `inFlight` at a
 * time. `from` would pull everything at once and let it wait as data; here what waits has not been made yet.
 */
import { defer, finalize, mergeAll, Observable, type ObservableInput } from "rxjs";
import { integer } from "../../check.ts";

/**
 * Pull the next item when one of `inFlight` places is free, and merge what `project` makes of the items; a
 * place is free again when the projected Observable has ended.
 *
 * T, pulled → R*, in order of arrival. Ends when the iterator has and all projected Observables have. On an
 * error or when unsubscribed it pulls no more, unsubscribes from them and returns the iterator, once.
 *
 * **Warning**: results overtake each other if `inFlight` is above 1.
 *
 *     admit([30, 10, 20], 2, (ms) => timer(ms).pipe(map(() => ms))) // 10, 30, 20
 *
 * @throws OptionError if `inFlight` is not an integer from 1 up; the Observable fails with what the iterator,
 * `project` or a projected Observable fails with.
 */
export function admit<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  inFlight: number,
  project: (item: T) => ObservableInput<R>,
): Observable<R> {
  integer("inFlight", inFlight, 1, Number.MAX_SAFE_INTEGER);
  // The one Observable written by hand: no operator lets the consumer's pace reach an iterator.
  return new Observable<Observable<R>>((subscriber) => {
    const iterator =
      Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
    let free = inFlight;
    let ended = false;
    // Set during a pull and while its item is handed over: one next() at a time, and an item that is done at
    // once continues the loop below instead of deepening the stack.
    let pulling = false;

    subscriber.add(() => {
      if (ended) return;
      ended = true;
      // Nobody is left to hear what closing an iterator fails with.
      (async () => iterator.return?.())().catch(() => {});
    });

    const fail = (error: unknown): void => {
      ended = true;
      subscriber.error(error);
    };

    const hand = (step: IteratorResult<T, unknown>): void => {
      if (step.done) {
        ended = true;
        subscriber.complete();
        return;
      }
      free--;
      const item = step.value;
      subscriber.next(
        defer(() => project(item)).pipe(
          finalize(() => {
            free++;
            pull();
          }),
        ),
      );
    };

    const pull = (): void => {
      if (pulling) return;
      pulling = true;
      while (free > 0 && !ended) {
        let step: IteratorResult<T, unknown> | Promise<IteratorResult<T, unknown>>;
        try {
          step = iterator.next();
        } catch (error) {
          fail(error);
          break;
        }
        if ("then" in step) {
          step.then(hand, fail).then(() => {
            pulling = false;
            pull();
          }, fail);
          return;
        }
        hand(step);
      }
      pulling = false;
    };

    pull();
  }).pipe(mergeAll());
}
