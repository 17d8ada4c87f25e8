/** In goes a stream whose results are delivered one by one, out comes an iterable of them: the reader sets the pace. */
import type { Observable } from "rxjs";

/** Takes a result; resolves when its reader asks for the next one. */
export type Deliver<T> = (item: T) => Promise<void>;

/**
 * The items that `run` delivers, one by one, each when it is asked for; what `run` emits does not matter. It is
 * subscribed to when the first is asked for, and unsubscribed from when the reader stops.
 *
 *     for await (const frame of pulled((deliver) => deblurFrames(frames, engine, { ...options, deliver })))
 *
 * @throws what the Observable fails with, behind all it has delivered.
 */
export async function* pulled<T>(
  run: (deliver: Deliver<T>) => Observable<unknown>,
): AsyncGenerator<T, void, void> {
  const offers: { readonly item: T; readonly taken: () => void }[] = [];
  let end: { readonly error?: unknown } | undefined;
  let wake = (): void => {};
  const deliver: Deliver<T> = (item) =>
    new Promise((taken) => {
      offers.push({ item, taken });
      wake();
    });
  const finish = (how: typeof end): void => {
    end = how;
    wake();
  };
  const subscription = run(deliver).subscribe({
    error: (error: unknown) => finish({ error }),
    complete: () => finish({}),
  });
  try {
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
  } finally {
    subscription.unsubscribe();
  }
}
