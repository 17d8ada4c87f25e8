/** Lends the device to one tile at a time, in the order in which the tiles asked. A tile may leave before its turn. */

/** The queue for a device: one tile holds it at a time, first come, first served. */
export interface Lane {
  /** Joins the queue. `ready` resolves at the turn of this ticket; call `leave` once, before or after that. */
  enter(): Ticket;
}

/** A place in the queue of a lane. */
export interface Ticket {
  readonly ready: Promise<void>;
  leave(): void;
}

/** A lane without tiles. */
export function createLane(): Lane {
  // Settles when all tiles that entered so far have left.
  let tail: Promise<void> = Promise.resolve();
  return {
    enter(): Ticket {
      const ready = tail;
      let leave!: () => void;
      const left = new Promise<void>((resolve) => {
        leave = resolve;
      });
      // Leaving early must not let the next tile in before this ticket's turn.
      tail = ready.then(() => left);
      return { ready, leave };
    },
  };
}
