/** Serves callers one at a time, in the order they entered. A caller may leave before its turn. */

/** First come, first served: one holder at a time. */
export interface Lane {
  /** Queue up. `ready` resolves when it is our turn; call `leave` once, before or after that. */
  enter(): Ticket;
}

/** A place in the queue of a lane. */
export interface Ticket {
  readonly ready: Promise<void>;
  leave(): void;
}

/** A lane without callers. */
export function createLane(): Lane {
  // Settles when all callers that entered so far have left.
  let tail: Promise<void> = Promise.resolve();
  return {
    enter(): Ticket {
      const ready = tail;
      let leave!: () => void;
      const left = new Promise<void>((resolve) => {
        leave = resolve;
      });
      // Leaving early must not let the next caller in before our own turn.
      tail = ready.then(() => left);
      return { ready, leave };
    },
  };
}
