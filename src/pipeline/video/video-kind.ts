/** Whether an input is a video, and how its bytes go: told by its first bytes, or its suffix. */
import { open, stat } from "node:fs/promises";
import { extname } from "node:path";
import { Readable } from "node:stream";
import { y4mSignature } from "./y4m-header.ts";

/** A YUV4MPEG2 stream, bare samples, or a file that FFmpeg reads and writes. */
export type VideoKind = "y4m" | "raw" | "container";

const containers = [".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi"];

/** Suffixes of videos. */
export const videoSuffixes: readonly string[] = [".y4m", ...containers];

/** What a path's suffix stands for. */
export function kindOfSuffix(path: string): "y4m" | "container" | undefined {
  const suffix = extname(path).toLowerCase();
  if (suffix === ".y4m") return "y4m";
  return containers.includes(suffix) ? "container" : undefined;
}

/** What the file at `path` is, by its first bytes and its suffix; none: a picture, or nothing that can be read. */
export async function kindOfFile(path: string): Promise<"y4m" | "container" | undefined> {
  const found = kindOfSuffix(path);
  if (found !== undefined) return found;
  // What cannot be opened is for whoever opens it to tell; to look into a named pipe is to take from it.
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

/** What `stdin` begins with, and the stream as if nobody had looked: use that one. */
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
  // A stream that has ended takes nothing back.
  if (stdin.readableEnded) return { kind, stdin: Readable.from([head]) };
  if (length > 0) stdin.unshift(head);
  return { kind, stdin };
}

/** @throws the signal's reason */
async function nextEvent(stream: Readable, signal: AbortSignal): Promise<void> {
  const events = ["readable", "end", "error", "close"];
  let heard = (): void => {};
  try {
    await new Promise<void>((resolve) => {
      heard = resolve;
      for (const event of events) stream.on(event, heard);
      signal.addEventListener("abort", heard);
      if (signal.aborted) resolve();
    });
  } finally {
    for (const event of events) stream.off(event, heard);
    signal.removeEventListener("abort", heard);
  }
  signal.throwIfAborted();
}

function isY4m(head: Buffer): boolean {
  return head.toString("latin1").startsWith(y4mSignature);
}
