/**
 * Reads the bytes of an address in ranges (RFC 9110, section 14). Fetched blocks are kept up to a budget, because a
 * directory is read in many small pieces and neighbouring tiles share blocks.
 */
import { setTimeout as wait } from "node:timers/promises";
import { IoError, NoInputError } from "../../errors.ts";
import { available, type Bytes } from "./bytes.ts";
import { createLru } from "./lru.ts";

const blockBytes = 2 ** 16;
const keptBytes = 2 ** 24;
/** Longer reads are pixels that are decoded once and kept elsewhere. */
const longestKept = 2 ** 20;
/** Waits before the second and the third attempt; a server that is busy or restarts may answer then. */
const pausesMs = [500, 2000];
const patienceMs = 60_000;

/** True for what is read through the network. */
export function isAddress(path: string): boolean {
  return /^https?:\/\//i.test(path);
}

/**
 * Asks for the first bytes of `url`, so that a wrong address or a server without ranges is reported at once. The
 * caller closes. A server that does not answer is left at once when `stop` is aborted.
 * @throws NoInputError where there is nothing to read, IoError where the server or the network fails; the reason of
 *   `stop`
 */
export async function openHttpBytes(url: string, stop?: AbortSignal): Promise<Bytes> {
  const closing = new AbortController();
  const ended = stop === undefined ? closing.signal : AbortSignal.any([closing.signal, stop]);
  const first = await fetchRange(url, 0, blockBytes, ended);
  const { size, tag } = first;
  const blocks = createLru<number, Promise<Uint8Array<ArrayBuffer>>>(keptBytes);
  blocks.set(0, Promise.resolve(first.bytes), blockBytes);

  const fetchPart = async (offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> => {
    const wanted = available(offset, length, size);
    if (wanted === 0) return new Uint8Array();
    const part = await fetchRange(url, offset, wanted, ended);
    if (part.size !== size || part.tag !== tag) {
      throw new IoError(url, "changed while it was read");
    }
    if (part.bytes.length !== wanted) {
      throw new IoError(url, `expected ${wanted} bytes but received ${part.bytes.length}`);
    }
    return part.bytes;
  };

  /** Blocks that are missing and follow each other come in one request. */
  const fetchBlocks = (first: number, last: number): void => {
    for (let from = first; from <= last; from++) {
      if (blocks.get(from) !== undefined) continue;
      let to = from;
      while (to < last && blocks.get(to + 1) === undefined) to++;
      const run = fetchPart(from * blockBytes, (to + 1 - from) * blockBytes);
      for (let block = from; block <= to; block++) {
        const start = (block - from) * blockBytes;
        const part = run.then((bytes) => bytes.slice(start, start + blockBytes));
        // The caller that waits for the block gets the failure; it is not cached.
        part.catch(() => blocks.delete(block));
        blocks.set(block, part, blockBytes);
      }
      from = to;
    }
  };

  return {
    size,
    version: `${size} ${tag}`,
    async read(offset, length) {
      const wanted = available(offset, length, size);
      if (wanted === 0) return new Uint8Array();
      if (wanted > longestKept) return fetchPart(offset, wanted);
      const firstBlock = Math.floor(offset / blockBytes);
      const lastBlock = Math.floor((offset + wanted - 1) / blockBytes);
      fetchBlocks(firstBlock, lastBlock);
      const waiting: Promise<Uint8Array>[] = [];
      for (let block = firstBlock; block <= lastBlock; block++) {
        waiting.push(blocks.get(block) ?? fetchPart(block * blockBytes, blockBytes));
      }
      const bytes = new Uint8Array(wanted);
      for (const [i, block] of (await Promise.all(waiting)).entries()) {
        const at = (firstBlock + i) * blockBytes - offset;
        const begin = Math.max(0, -at);
        bytes.set(block.subarray(begin, Math.min(block.length, wanted - at)), at + begin);
      }
      return bytes;
    },
    async close() {
      closing.abort(new IoError(url, "closed"));
    },
  };
}

interface Range {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of the whole. */
  readonly size: number;
  /** The server's name for this state of the file, if it gives one. */
  readonly tag: string | null;
}

async function fetchRange(
  url: string,
  offset: number,
  length: number,
  closing: AbortSignal,
): Promise<Range> {
  for (let attempt = 0; ; attempt++) {
    const pause = pausesMs[attempt];
    try {
      const signal = AbortSignal.any([closing, AbortSignal.timeout(patienceMs)]);
      const headers = {
        range: `bytes=${offset}-${offset + length - 1}`,
        // Ranges of a compressed answer would be ranges of other bytes.
        "accept-encoding": "identity",
      };
      const response = await fetch(url, { headers, signal });
      if (pause === undefined || !mayPass(response.status)) return await rangeOf(url, response);
      await response.body?.cancel();
    } catch (error) {
      if (closing.aborted || pause === undefined || !isNetworkError(error)) {
        throw isNetworkError(error) ? networkError(url, error) : error;
      }
    }
    await wait(pause, undefined, { signal: closing });
  }
}

/** Too many requests, and the server's own troubles. */
function mayPass(status: number): boolean {
  return status === 429 || status >= 500;
}

async function rangeOf(url: string, response: Response): Promise<Range> {
  const { status } = response;
  if (status !== 206) await response.body?.cancel();
  if (status === 404 || status === 410) throw new NoInputError(url, `not found (HTTP ${status})`);
  if (status === 401 || status === 403) {
    throw new NoInputError(url, `permission denied (HTTP ${status})`);
  }
  if (status === 200) {
    throw new IoError(
      url,
      "expected a server that answers in byte ranges but received the whole; download the file first",
    );
  }
  const size = /^bytes \d+-\d+\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
  if (status !== 206 || size === undefined) {
    throw new IoError(url, `expected a range of bytes but received HTTP ${status}`);
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { bytes, size: Number(size), tag: response.headers.get("etag") };
}

/** What fetch fails with by itself: TypeError, or a DOMException of the timeout. */
function isNetworkError(error: unknown): error is Error {
  return error instanceof Error && (error.name === "TypeError" || error.name === "TimeoutError");
}

function networkError(url: string, error: Error): IoError {
  if (error.name === "TimeoutError") {
    return new IoError(url, `no answer within ${patienceMs / 1000} s`, { cause: error });
  }
  const reason = error.cause instanceof Error ? error.cause.message : error.message;
  return new IoError(url, `cannot be reached (${reason})`, { cause: error });
}
