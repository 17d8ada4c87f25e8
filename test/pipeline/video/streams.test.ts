/** Tests frames between streams of Node and of the web: the reader sets the pace, and its end stops the source. */
import { once } from "node:events";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { defer, finalize, NEVER } from "rxjs";
import { describe, expect, it } from "vitest";
import { InputError, OptionError } from "../../../src/errors.ts";
import { openCopyEngine } from "../../../src/model/engines/copy.ts";
import { pulled } from "../../../src/operators/flow/pulled.ts";
import { deblurFrames } from "../../../src/pipeline/deblur-frames.ts";
import { rawFrame } from "../../../src/pipeline/video/raw-frame.ts";
import { encodeY4m, openY4m } from "../../../src/pipeline/video/y4m-streams.ts";
import { turns } from "../../operators/fakes.ts";

const size = { width: 16, height: 16 };
const head = "YUV4MPEG2 W16 H16 F25:1 Cmono\n";
const frameLength = "FRAME\n".length + 256;

/** A stream of `count` frames, one per chunk, and the number of frames pulled. */
function video(count: number) {
  const asked = { frames: 0, closed: false };
  async function* chunks() {
    try {
      yield new Uint8Array(Buffer.from(head));
      for (; asked.frames < count; ) {
        asked.frames++;
        yield new Uint8Array(
          Buffer.concat([Buffer.from("FRAME\n"), Buffer.alloc(256, asked.frames)]),
        );
      }
    } finally {
      asked.closed = true;
    }
  }
  return { asked, chunks };
}

/** Yields the bytes of the restored stream when they are pulled. */
async function restored(bytes: AsyncIterable<Uint8Array>, maxInFlight = 3) {
  const { header, frames } = await openY4m(bytes);
  const engine = openCopyEngine();
  return encodeY4m(
    header,
    pulled((deliver) => deblurFrames(frames, engine, { maxInFlight, deliver })),
  );
}

/** Fills the buffers of both ends and more. */
const ahead = 12;

describe("a slow reader", () => {
  it("of a Readable slows the source", async () => {
    const { asked, chunks } = video(1000);
    const bytes = await restored(Readable.from(chunks(), { objectMode: false, highWaterMark: 1 }));
    const readable = Readable.from(bytes, { highWaterMark: 1 });
    let read = 0;
    for await (const _ of readable) {
      await turns(3);
      if (++read === 40) break;
    }
    expect(asked.frames).toBeLessThan(40 / 2 + ahead);
    await turns(10);
    expect(asked.closed).toBe(true);
  });

  it("of a Writable slows the source, and all frames arrive", async () => {
    const { asked, chunks } = video(60);
    let written = 0;
    let most = 0;
    const slow = new Writable({
      highWaterMark: 1,
      async write(chunk: Uint8Array, _, done) {
        await turns(2);
        written += chunk.length;
        most = Math.max(most, asked.frames - (written - head.length) / frameLength);
        done();
      },
    });
    await pipeline(await restored(chunks()), slow);
    expect(written).toBe(head.length + 60 * frameLength);
    expect(most).toBeLessThan(ahead);
  });

  it("of a web stream slows the source of another", async () => {
    const { asked, chunks } = video(1000);
    const bytes = await restored(ReadableStream.from(chunks()));
    const reader = ReadableStream.from(bytes).getReader();
    for (let i = 0; i < 21; i++) {
      await turns(3);
      expect((await reader.read()).done).toBe(false);
    }
    await turns(20);
    expect(asked.frames).toBeLessThan(10 + ahead);
    await reader.cancel();
    await turns(10);
    expect(asked.closed).toBe(true);
  });

  it("makes pipeTo wait, and a failed sink stops the source", async () => {
    const { asked, chunks } = video(1000);
    let frames = 0;
    const failing = new WritableStream({
      write() {
        if (++frames > 21) throw new Error("disk full");
      },
    });
    const bytes = ReadableStream.from(await restored(chunks()));
    await expect(bytes.pipeTo(failing)).rejects.toThrow("disk full");
    await turns(10);
    expect(asked.closed).toBe(true);
    expect(asked.frames).toBeLessThan(10 + ahead);
  });
});

describe("a reader that stops while no frame arrives", () => {
  /** A stream whose frames never arrive, and whether a reader still waits for them. */
  async function silent() {
    const { header } = await openY4m(video(1).chunks());
    const waited = { for: 0 };
    const frames = pulled<never>(() =>
      defer(() => {
        waited.for++;
        return NEVER;
      }).pipe(finalize(() => waited.for--)),
    );
    return { bytes: encodeY4m(header, frames), waited };
  }

  it("of a Readable stops the work", async () => {
    const { bytes, waited } = await silent();
    const readable = Readable.from(bytes);
    readable.resume();
    await turns(5);
    expect(waited.for).toBe(1);
    const closed = once(readable, "close");
    readable.destroy();
    await closed;
    expect(waited.for).toBe(0);
  });

  it("of a web stream stops the work", async () => {
    const { bytes, waited } = await silent();
    const reader = ReadableStream.from(bytes).getReader();
    await reader.read();
    const waiting = reader.read();
    await turns(5);
    expect(waited.for).toBe(1);
    await reader.cancel();
    expect(waited.for).toBe(0);
    expect((await waiting).done).toBe(true);
  });
});

describe("rawFrame", () => {
  it("describes the bytes of a frame", () => {
    const frame = rawFrame(new Uint8Array(16 * 16 * 3), { ...size, pixFmt: "rgb24" });
    expect(frame).toMatchObject({ ...size, colour: { matrix: "601", levels: "full" } });
  });

  it("refuses a wrong number of bytes, and unknown forms", () => {
    const short = () => rawFrame(new Uint8Array(5), { ...size, pixFmt: "rgba" });
    expect(short).toThrow(new InputError("frame", "Expected 1024 bytes of 16×16 rgba but found 5"));
    const unknown = () => rawFrame(new Uint8Array(5), { ...size, pixFmt: "bgr24" });
    expect(unknown).toThrow(OptionError);
  });
});
