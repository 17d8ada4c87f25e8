/** A first-come lane: whoever entered first goes first, one at a time. A waiter may leave before its turn. */
import type { Lane, Ticket } from "../engine.ts";

/** A lane nobody is in. */
export function createLane(): Lane {
  // Settles when everybody who entered so far has left.
  let tail: Promise<void> = Promise.resolve();
  return {
    enter(): Ticket {
      const ready = tail;
      let leave!: () => void;
      const left = new Promise<void>((resolve) => {
        leave = resolve;
      });
      // Leaving early must not let the next one in before our own turn.
      tail = ready.then(() => left);
      return { ready, leave };
    },
  };
}
