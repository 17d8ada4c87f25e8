/** Reads lines and exact numbers of bytes from a stream of chunks of any size. */

export interface ByteReader {
  /** The next `count` bytes, on a buffer of their own; fewer only where the stream ends. */
  take(count: number): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * What stands before the next line feed, a character a byte; undefined where the stream has ended. Where `most`
   * bytes or the rest of the stream hold none, they are what is given back, with `whole` false.
   */
  line(most: number): Promise<{ readonly text: string; readonly whole: boolean } | undefined>;
  /** The bytes up to and including the next `byte`; without one, `most` bytes or the rest. */
  through(byte: number, most: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Drops the rest and ends the stream. Idempotent. */
  close(): Promise<void>;
}

const lineFeed = 0x0a;

/** Reads no further ahead than the chunk it is in. */
export function readBytes(stream: AsyncIterable<Uint8Array>): ByteReader {
  const iterator = stream[Symbol.asyncIterator]();
  let chunk: Uint8Array = new Uint8Array();
  let ended = false;

  /** True while there are bytes. */
  const more = async (): Promise<boolean> => {
    while (chunk.length === 0 && !ended) {
      const step = await iterator.next();
      if (step.done === true) ended = true;
      else chunk = step.value;
    }
    return chunk.length > 0;
  };

  const cut = (count: number): Uint8Array => {
    const part = chunk.subarray(0, count);
    chunk = chunk.subarray(part.length);
    return part;
  };

  const through = async (byte: number, most: number): Promise<Uint8Array<ArrayBuffer>> => {
    const parts: Uint8Array[] = [];
    let length = 0;
    while (length < most && (await more())) {
      const end = chunk.indexOf(byte);
      const part = cut(Math.min(most - length, end < 0 ? chunk.length : end + 1));
      parts.push(part);
      length += part.length;
      if (part.at(-1) === byte) break;
    }
    return joined(parts, length);
  };

  return {
    async take(count) {
      // As the bytes come, not at once: a header may promise what a stream does not have.
      const parts: Uint8Array[] = [];
      let missing = count;
      while (missing > 0 && (await more())) {
        const part = cut(missing);
        parts.push(part);
        missing -= part.length;
      }
      return joined(parts, count - missing);
    },
    async line(most) {
      const bytes = await through(lineFeed, most);
      if (bytes.length === 0) return undefined;
      const whole = bytes.at(-1) === lineFeed;
      return { text: latin(whole ? bytes.subarray(0, -1) : bytes), whole };
    },
    through,
    async close() {
      ended = true;
      chunk = new Uint8Array();
      await iterator.return?.();
    },
  };
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
