/**
 * Operators by themselves, in pipelines of RxJS that know nothing of pictures: who waits, for whom, how many at a time,
 * and what happens where one fails. Prints a line for each.
 *
 *   node examples/operators.js
 */
import { isDeblurError } from "rx-deblur";
import { createLane } from "rx-deblur/model";
import {
  admit,
  admitPushed,
  attempt,
  exclusive,
  openTurns,
  pullAhead,
  pulled,
  stage,
  untilAborted,
} from "rx-deblur/operators";
import { concatMap, from, interval, lastValueFrom, map, of, take, timer, toArray } from "rxjs";

const all = (items) => lastValueFrom(items.pipe(toArray()), { defaultValue: [] });
const after = (ms) => timer(ms).pipe(map(() => ms));
const tell = (name, ...words) => console.log(`${name}: ${words.flat().join(" ")}`);

// Two at a time; the next is pulled when a place is free, and results come as they are done.
tell("admit", await all(admit([300, 20, 30], 2, after)));

// The same, each in its turn.
const inTurn = openTurns();
const delivered = (ms) => after(ms).pipe(inTurn((done) => of(done)));
tell("openTurns", await all(admit([300, 20, 30], 2, delivered)));

// Three are made ahead of whoever asks for them; asked for, they come in order.
const made = pullAhead([300, 20, 30], 3, (ms) => lastValueFrom(after(ms)));
tell("pullAhead", await all(admit(made, 1, (ms) => of(ms))));

// A source that does not wait: one is under way, the newest waits, others are dropped.
const pushed = { inFlight: 1, policy: "drop" };
const ticks = interval(10).pipe(take(9));
const kept = await all(ticks.pipe(admitPushed((tick) => after(35).pipe(map(() => tick)), pushed)));
tell(
  "admitPushed",
  kept.length < 9 ? "some were dropped," : "none was dropped,",
  "the last is",
  kept.at(-1),
);

// Who shares the lane waits until the other has left.
const lane = createLane();
const log = [];
const used = (name) =>
  of(name).pipe(
    exclusive(
      lane,
      concatMap((one) => {
        log.push(`${one} begins`);
        return timer(10).pipe(map(() => log.push(`${one} ends`)));
      }),
    ),
  );
await Promise.all([all(used("one")), all(used("other"))]);
tell("exclusive", log.join(", "));

// Tried again, three times at most.
let tries = 0;
const unsteady = () =>
  map((item) => {
    if (++tries < 3) throw new Error("not yet");
    return item;
  });
tell("attempt", await all(of("done").pipe(attempt(3, unsteady))), `at try ${tries}`);

// A call that does not answer is an error that says where, and its signal is aborted.
const rect = { x: 0, y: 0, width: 8, height: 8 };
const tile = { index: 0, read: rect, core: rect };
const hanging = stage("decode", tile, () => new Promise(() => {}), { timeout: 0.05 });
const error = await all(hanging).catch((reason) => reason);
tell("stage", isDeblurError(error, "TileError"), error.message);

// An AbortSignal in the place of unsubscribing.
const stopped = interval(1).pipe(untilAborted(AbortSignal.timeout(20)));
tell("untilAborted", (await all(stopped).catch((reason) => reason)).name);

// Results as an async iterable, whose reader sets the pace.
const got = [];
for await (const item of pulled((deliver) => from([1, 2, 3]).pipe(concatMap(deliver))))
  got.push(item);
tell("pulled", got);
