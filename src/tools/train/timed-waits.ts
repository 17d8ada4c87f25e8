/** Batches in, the same batches out, with how much of its time their consumer waited for them. */

export interface TimedWaits<T> extends AsyncIterable<T> {
  /** Of the time since it was last asked for, at first since the iteration began: the part waited, 0..1. */
  share(): number;
}

/**
 * The consumer waits from asking for a batch to having it; what it does with one is its own time.
 * @param items to be iterated once
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
      let asked = now();
      began = asked;
      for await (const item of items) {
        waited += now() - asked;
        yield item;
        asked = now();
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
