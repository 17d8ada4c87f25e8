/**
 * Lets the reader of an async generator leave during a pending request. A generator alone handles `return()` only
 * after its current await, so the work would continue until then.
 */

/** The items of `items`. When the reader leaves, `leave` is called immediately and must end the pending await. */
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
