/** A first-come lane: whoever entered first goes first. A waiter may leave before its turn. */
import type { Lane, Ticket } from "../engine.ts";

/** A lane that can be made wider. */
export interface WidenableLane extends Lane {
  /** From now on one more may be in it at a time. */
  widen(): void;
}

/** A lane nobody is in, for one at a time. `onWait` hears of everybody who finds it full, with how many came so far. */
export function createLane(onWait: (entered: number) => void = () => {}): WidenableLane {
  const waiting = new Set<() => void>();
  let free = 1;
  let entered = 0;
  const admitNext = (): void => {
    const [next] = waiting;
    if (free === 0 || !next) return;
    waiting.delete(next);
    free--;
    next();
  };
  return {
    enter(): Ticket {
      let admit!: () => void;
      const ready = new Promise<void>((resolve) => {
        admit = resolve;
      });
      entered++;
      if (free === 0) onWait(entered);
      waiting.add(admit);
      admitNext();
      let left = false;
      const leave = (): void => {
        if (left) return;
        left = true;
        // Whoever leaves before its turn held no place.
        if (waiting.delete(admit)) return;
        free++;
        admitNext();
      };
      return { ready, leave };
    },
    widen() {
      free++;
      admitNext();
    },
  };
}
