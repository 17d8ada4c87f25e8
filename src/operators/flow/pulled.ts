/** Turns a stream whose results are delivered one by one into an async iterable, so that the reader sets the pace. */
import { type Observable, Subscription } from "rxjs";

/** Takes a result; resolves when its reader requests the next one. */
export type Deliver<T> = (item: T) => Promise<void>;

/**
 * The items that `run` delivers, each on request; values that `run` emits are ignored. The Observable is subscribed
 * to on the first request. It is unsubscribed from as soon as the reader stops, even during a pending request.
 *
 *     for await (const frame of pulled((deliver) => deblurFrames(frames, engine, { ...options, deliver })))
 *
 * @throws the error of the Observable, after all items delivered before it.
 */
export function pulled<T>(
  run: (deliver: Deliver<T>) => Observable<unknown>,
): AsyncIterableIterator<T, void, void> {
  const offers: { readonly item: T; readonly taken: () => void }[] = [];
  const subscription = new Subscription();
  let end: { readonly error?: unknown } | undefined;
  let wake = (): void => {};
  const deliver: Deliver<T> = (item) =>
    new Promise((taken) => {
      offers.push({ item, taken });
      wake();
    });
  const finish = (how: typeof end): void => {
    end ??= how;
    wake();
  };

  async function* delivered(): AsyncGenerator<T, void, void> {
    const error = (error: unknown): void => finish({ error });
    subscription.add(run(deliver).subscribe({ error, complete: () => finish({}) }));
    for (;;) {
      const offer = offers.shift();
      if (offer !== undefined) {
        yield offer.item;
        offer.taken();
      } else if (end !== undefined) {
        if ("error" in end) throw end.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }

  return untilReturned(delivered(), () => {
    subscription.unsubscribe();
    offers.length = 0;
    finish({});
  });
}

/**
 * The items of `items`, whose reader may leave during a pending request. `leave` is then called immediately and must
 * end the pending await; a generator alone handles `return()` only after it.
 */
export function untilReturned<T>(
  items: AsyncGenerator<T, void, void>,
  leave: () => unknown,
): AsyncIterableIterator<T, void, void> {
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => items.next(),
    async return() {
      await leave();
      return items.return();
    },
  };
}
