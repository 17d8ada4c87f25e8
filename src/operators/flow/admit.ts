/**
 * Limits how many items of an iterable are processed at once. RxJS's `from` would pull all items immediately and
 * queue them as data; here an item is only created when a slot is free.
 */
import { defer, finalize, mergeAll, Observable, type ObservableInput } from "rxjs";
import { integer } from "../../check.ts";

/**
 * Pull the next item when one of `inFlight` slots is free, and merge the Observables that `project` returns. A slot
 * is free again when its Observable has ended.
 *
 * T, pulled → R*, in order of arrival. Ends when the iterator and all projected Observables have ended. On an error
 * or on unsubscribe it pulls no more, unsubscribes from all of them and returns the iterator, once.
 *
 * **Warning**: results overtake each other if `inFlight` is above 1.
 *
 *     admit([30, 10, 20], 2, (ms) => timer(ms).pipe(map(() => ms))) // 10, 30, 20
 *
 * @throws OptionError if `inFlight` is not an integer from 1 up; the Observable fails with the error of the
 *   iterator, of `project` or of a projected Observable.
 */
export function admit<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  inFlight: number,
  project: (item: T) => ObservableInput<R>,
): Observable<R> {
  integer("inFlight", inFlight, 1, Number.MAX_SAFE_INTEGER);
  // The only Observable written by hand: no RxJS operator passes the consumer's pace on to an iterator.
  return new Observable<Observable<R>>((subscriber) => {
    const iterator =
      Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
    let free = inFlight;
    let ended = false;
    // True during a pull and while its item is handed over. This allows one next() at a time. An item that finishes
    // synchronously continues the loop below instead of deepening the stack.
    let pulling = false;

    subscriber.add(() => {
      if (ended) return;
      ended = true;
      // No subscriber is left to receive an error from closing the iterator.
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
