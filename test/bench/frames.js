/**
 * Many fast frames into a slow sink: how many are in flight, and what becomes of the heap. Time is counted in turns of
 * the event loop, a frame a turn; the sink takes a frame every hundred turns (as 10 of 1,000 a second).
 *
 *   node --expose-gc test/bench/frames.js [FRAMES]        in a built clone; 100,000 unless said
 */
import { setImmediate } from "node:timers/promises";
import { openCopyEngine } from "rx-deblur/model";
import { deblurFrames, rawFrame } from "rx-deblur/video";
import { lastValueFrom, Subject } from "rxjs";

const [count = 100_000] = process.argv.slice(2).map(Number);
const engine = openCopyEngine();
const maxInFlight = 4;

for (const policy of ["drop", "block"]) {
  const frames = count;
  const seen = { made: 0, delivered: 0, dropped: 0, most: 0 };
  const heap = [];
  const deliver = async () => {
    for (let turn = 0; turn < 100; turn++) await setImmediate();
    seen.delivered++;
  };
  const next = () => {
    seen.made++;
    seen.most = Math.max(seen.most, seen.made - seen.delivered - seen.dropped);
    if (seen.made % Math.ceil(frames / 10) === 0) {
      globalThis.gc?.();
      heap.push(Math.round(process.memoryUsage().heapUsed / 2 ** 20));
    }
    return rawFrame(new Uint8Array(64 * 64 * 3), { width: 64, height: 64, pixFmt: "rgb24" });
  };
  const onDropped = (dropped) => {
    seen.dropped = dropped;
  };
  const options = { maxInFlight, policy, onDropped, deliver, skipFlat: false };
  if (policy === "drop") {
    const camera = new Subject();
    const done = lastValueFrom(deblurFrames(camera, engine, options));
    for (let i = 0; i < frames; i++) {
      camera.next(next());
      await setImmediate();
    }
    camera.complete();
    await done;
  } else {
    function* source() {
      for (let i = 0; i < frames; i++) yield next();
    }
    await lastValueFrom(deblurFrames(source(), engine, options));
  }
  console.log(
    `${policy}: ${seen.made} frames, ${seen.delivered} delivered, ${seen.dropped} dropped, ` +
      `at most ${seen.most} between source and sink (${maxInFlight} in flight), heap in MB ${heap.join(" ")}`,
  );
}
