/** Determines from suffix or first bytes whether an input is a video, and how it is read. */
import { open, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { kindOfSuffix } from "../../io/formats/video-suffixes.ts";
import { y4mSignature } from "./y4m-header.ts";

/** A YUV4MPEG2 stream, raw samples, or a file that FFmpeg reads and writes. */
export type VideoKind = "y4m" | "raw" | "container";

/** Returns the kind of the file at `path`, by suffix, else by first bytes; undefined: it is no video, or unreadable. */
export async function kindOfFile(path: string): Promise<"y4m" | "container" | undefined> {
  const found = kindOfSuffix(path);
  if (found !== undefined) return found;
  // Opening the input reports an unreadable file. Reading from a named pipe here would consume its bytes.
  if (
    !(await stat(path).then(
      (one) => one.isFile(),
      () => false,
    ))
  )
    return undefined;
  const head = Buffer.alloc(y4mSignature.length);
  const file = await open(path, "r").catch(() => undefined);
  try {
    await file?.read(head, 0, head.length, 0).catch(() => undefined);
  } finally {
    await file?.close();
  }
  return isY4m(head) ? "y4m" : undefined;
}

/**
 * Returns the kind of `stdin` by its first bytes, and a stream with all bytes, to use in its place.
 * @throws the signal's reason
 */
export async function peekKind(
  stdin: Readable,
  signal: AbortSignal,
): Promise<{ readonly kind: "y4m" | undefined; readonly stdin: Readable }> {
  const parts: Buffer[] = [];
  let length = 0;
  while (length < y4mSignature.length && !stdin.readableEnded && !stdin.destroyed) {
    const chunk: Buffer | null = stdin.read();
    if (chunk === null) await nextEvent(stdin, signal);
    else length += parts.push(chunk) && chunk.length;
  }
  const head = Buffer.concat(parts);
  const kind = isY4m(head) ? "y4m" : undefined;
  // unshift() fails on an ended stream.
  if (stdin.readableEnded) return { kind, stdin: Readable.from([head]) };
  if (length > 0) stdin.unshift(head);
  return { kind, stdin };
}

/** Waits for the next event of `stream`. @throws the signal's reason */
async function nextEvent(stream: Readable, signal: AbortSignal): Promise<void> {
  const events = ["readable", "end", "error", "close"];
  let onEvent = (): void => {};
  try {
    await new Promise<void>((resolve) => {
      onEvent = resolve;
      for (const event of events) stream.on(event, onEvent);
      signal.addEventListener("abort", onEvent);
      if (signal.aborted) resolve();
    });
  } finally {
    for (const event of events) stream.off(event, onEvent);
    signal.removeEventListener("abort", onEvent);
  }
  signal.throwIfAborted();
}

function isY4m(head: Buffer): boolean {
  return head.toString("latin1").startsWith(y4mSignature);
}
