/** In goes a stream whose results are delivered one by one, out comes an iterable of them: the reader sets the pace. */
import { type Observable, Subscription } from "rxjs";
import { untilReturned } from "./until-returned.ts";

/** Takes a result; resolves when its reader asks for the next one. */
export type Deliver<T> = (item: T) => Promise<void>;

/**
 * The items that `run` delivers, one by one, each when it is asked for; what `run` emits does not matter. It is
 * subscribed to when the first is asked for, and unsubscribed from when the reader stops, at once, also while it waits.
 *
 *     for await (const frame of pulled((deliver) => deblurFrames(frames, engine, { ...options, deliver })))
 *
 * @throws what the Observable fails with, behind all it has delivered.
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
