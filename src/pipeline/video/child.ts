/** Another program between pipes: started, fed, read, and heard when it fails. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { UnavailableError } from "../../errors.ts";
import { oneLine } from "../../text/describe-error.ts";

export interface Child {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Resolves when it has ended and all its output is read: what it said last, unless it ended well. */
  readonly ended: Promise<string | undefined>;
  /** The last of what it has said by now, also where it ended well. */
  said(): string;
  /** Ends it where it has not, and waits for that. Idempotent. */
  kill(): Promise<void>;
}

/** What is kept of what it says: the last lines tell why it ended. */
const memory = 4096;

/**
 * Starts `name` with `words`, looked for in PATH. The caller reads all of `stdout` or kills it.
 * @throws UnavailableError where there is no such program
 */
export async function startChild(name: string, words: readonly string[]): Promise<Child> {
  const child = spawn(name, words, { stdio: ["pipe", "pipe", "pipe"], windowsHide: true });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-memory);
  });
  // Who writes to a stream hears of its errors; they are not the process's end.
  child.stdin.on("error", () => {});
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const ended = closed.then(() => (child.exitCode === 0 ? undefined : lastLine(said, child)));
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (cause) => {
      reject(
        new UnavailableError(
          `Expected the program ${name} in PATH but it cannot be started (${cause.message}); videos in files need FFmpeg: ` +
            "https://ffmpeg.org, or apt install ffmpeg, brew install ffmpeg",
          { cause },
        ),
      );
    });
  });
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    ended,
    said: () => said,
    async kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      child.stdout.destroy();
      await closed;
    },
  };
}

function lastLine(said: string, { exitCode, signalCode }: ChildProcess): string {
  const lines = said.split(/[\r\n]+/).filter((line) => line.trim() !== "");
  return oneLine(lines.at(-1) ?? `it ended with ${signalCode ?? exitCode}`);
}
