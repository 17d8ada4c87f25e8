/** Starts another program between pipes and reports its failure. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { UnavailableError } from "../../errors.ts";
import { oneLine } from "../../text/describe-error.ts";

/** A running program. */
export interface Child {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Resolves after its end, with the last line of its standard error; undefined: it succeeded. */
  readonly ended: Promise<string | undefined>;
  /** Returns the end of its standard error so far, also of a program that succeeded. */
  messages(): string;
  /** Kills it if it still runs, and waits for its end. Idempotent. */
  kill(): Promise<void>;
}

/** Characters of standard error that are kept: the last lines explain the end. */
const memory = 4096;

/**
 * Starts `name` from PATH with the arguments `words`. The caller reads all of `stdout` or kills the program.
 * @throws UnavailableError if there is no such program
 */
export async function startChild(name: string, words: readonly string[]): Promise<Child> {
  const child = spawn(name, words, { stdio: ["pipe", "pipe", "pipe"], windowsHide: true });
  let messages = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    messages = (messages + text).slice(-memory);
  });
  // Write callbacks report errors; without a listener they would end this process.
  child.stdin.on("error", () => {});
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const ended = closed.then(() => (child.exitCode === 0 ? undefined : lastLine(messages, child)));
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
    messages: () => messages,
    async kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      child.stdout.destroy();
      await closed;
    },
  };
}

function lastLine(messages: string, { exitCode, signalCode }: ChildProcess): string {
  const lines = messages.split(/[\r\n]+/).filter((line) => line.trim() !== "");
  return oneLine(lines.at(-1) ?? `it ended with ${signalCode ?? exitCode}`);
}
