/**
 * Frames between Web streams: a ReadableStream of bytes is an async iterable, and so can be read as it is; an async
 * iterable becomes a ReadableStream (or, by Readable.from, a stream of Node). Each end waits for the other: nobody
 * reads a frame before there is a place for it, nor restores one that nobody fetches.
 *
 *   ffmpeg -i in.mp4 -f yuv4mpegpipe - | node examples/web-streams.js | ffmpeg -i - out.mp4
 */
import { Readable, Writable } from "node:stream";
import {
  convertIn,
  deblurFrames,
  encodeY4m,
  openEngine,
  openPool,
  openY4m,
  pulled,
} from "rx-deblur/video";

const bytesIn = Readable.toWeb(process.stdin);
const bytesOut = Writable.toWeb(process.stdout);

const engine = await openEngine();
const pool = openPool({ threads: 1 });
try {
  const { header, frames } = await openY4m(bytesIn);
  const options = { convert: convertIn(pool), maxInFlight: 2 };
  const restored = pulled((deliver) => deblurFrames(frames, engine, { ...options, deliver }));
  await ReadableStream.from(encodeY4m(header, restored)).pipeTo(bytesOut);
} finally {
  await engine.dispose();
  await pool.close();
}
