/**
 * An async generator goes in, the same items come out, and their reader may leave while it waits for one. A generator
 * by itself hears of that when what it waits for has come; until then nobody would stop the work.
 */

/** The items of `items`; when the reader leaves, `leave` is called at once, and ends what `items` waits for. */
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
