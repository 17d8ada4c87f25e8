/** Passes batches on and measures the share of its time that their consumer waits for them. */

export interface TimedWaits<T> extends AsyncIterable<T> {
  /** The part of the time waited, 0..1, since the call before, or since the iteration began. */
  share(): number;
}

/**
 * Passes items on. The consumer waits from its request to the delivery; the rest is its own time.
 * @param items iterated once
 * @param now milliseconds
 */
export function timedWaits<T>(
  items: AsyncIterable<T>,
  now: () => number = () => performance.now(),
): TimedWaits<T> {
  let began = now();
  let waited = 0;
  return {
    async *[Symbol.asyncIterator]() {
      let requested = now();
      began = requested;
      for await (const item of items) {
        waited += now() - requested;
        yield item;
        requested = now();
      }
    },
    share() {
      const end = now();
      const part = end > began ? waited / (end - began) : 0;
      began = end;
      waited = 0;
      return part;
    },
  };
}
