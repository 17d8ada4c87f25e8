/**
 * Plays marbles for operators that await promises, which the clock of TestScheduler does not advance. A frame lasts
 * until everything that is ready has happened. A letter is an item, | the end, # the failure "gone", - nothing;
 * brackets group events of one frame and take no time.
 */
import { Observable } from "rxjs";
import { turns } from "../fakes.ts";

export interface Played {
  /** The output, frame by frame, up to the last event. */
  readonly out: string;
  /** Start and end of the source's subscription: ^ and !, as in TestScheduler. */
  readonly source: string;
  /** The error it failed with. */
  readonly error: unknown;
}

/** Resolves at the beginning of a later frame, before the source's events in it. */
export type Wait = (frames: number) => Promise<void>;

/** Plays `marbles` as a hot source through `work` for 30 frames, or up to the beginning of frame `unsubscribeAt`. */
export async function play(
  marbles: string,
  work: (items: Observable<string>, wait: Wait) => Observable<string>,
  { unsubscribeAt = Number.POSITIVE_INFINITY }: { readonly unsubscribeAt?: number } = {},
): Promise<Played> {
  const told: string[] = [];
  const waiting: { readonly until: number; readonly go: () => void }[] = [];
  let frame = 0;
  let [from, to] = [-1, -1];
  let error: unknown;
  let send: (letter: string) => void = () => {};
  const source = new Observable<string>((reader) => {
    from = frame;
    send = (letter) => {
      if (letter === "|") reader.complete();
      else if (letter === "#") reader.error("gone");
      else if (letter !== "-") reader.next(letter);
    };
    return () => {
      to = frame;
      send = () => {};
    };
  });
  const tell = (letter: string): void => {
    told[frame] = `${told[frame] ?? ""}${letter}`;
  };
  const wait: Wait = (frames) =>
    new Promise((go) => {
      waiting.push({ until: frame + frames, go });
    });
  const running = work(source, wait).subscribe({
    next: tell,
    error(reason) {
      error = reason;
      tell("#");
    },
    complete: () => tell("|"),
  });
  for (; frame < 30; frame++) {
    if (frame === unsubscribeAt) running.unsubscribe();
    for (const { until, go } of waiting) if (until === frame) go();
    await turns(2);
    send(marbles[frame] ?? "-");
    await turns(2);
  }
  running.unsubscribe();
  const out = Array.from(told, (one = "-") => (one.length > 1 ? `(${one})` : one)).join("");
  const subscribed =
    from < 0 ? "" : `${"-".repeat(from)}^${"-".repeat(Math.max(0, to - from - 1))}!`;
  return { out, source: subscribed, error };
}
