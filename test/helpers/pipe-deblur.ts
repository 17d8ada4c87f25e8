/** Runs the built command between pipes; the reader of its output may go away. */
import { type ChildProcess, spawn } from "node:child_process";
import { codeOfSignal, command, patienceMs, planted } from "./run-deblur.ts";

export interface Piped {
  /** As a shell says it; none if the process had to be killed. */
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface PipeOptions {
  readonly cwd: string;
  /** What comes from standard input; none: nothing does. */
  readonly input?: Buffer;
  /** Standard input stays open behind `input`. */
  readonly endless?: boolean;
  /** How many bytes are read, as by head -c, before the reader goes away; all unless said. */
  readonly reads?: number;
  /** The output is not read, and its reader stays. */
  readonly stalled?: boolean;
  readonly env?: Record<string, string>;
  /** Plants an engine: a name in planted-deblur.js. */
  readonly fault?: string;
  /** Called when the process is started. */
  readonly during?: (child: ChildProcess) => void;
}

/** `deblur WORDS` in the folder `cwd`; resolves when the process has ended. */
export function pipeDeblur(words: readonly string[], options: PipeOptions): Promise<Piped> {
  const { cwd, input, endless = false, reads, stalled = false, env = {}, fault } = options;
  const start = fault === undefined ? [command] : [planted, fault];
  const child = spawn(process.execPath, [...start, ...words], {
    cwd,
    env: { ...process.env, ...env },
    timeout: patienceMs,
    killSignal: "SIGKILL",
  });
  const chunks: Buffer[] = [];
  let stderr = "";
  if (!stalled) {
    child.stdout.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      if (reads !== undefined && Buffer.concat(chunks).length >= reads) child.stdout.destroy();
    });
  }
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  // A process may end before it has read everything.
  child.stdin.on("error", () => {});
  if (input !== undefined) child.stdin.write(input);
  if (!endless) child.stdin.end();
  options.during?.(child);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (stalled) child.stdout.destroy();
      child.once("close", () => {
        const stdout = Buffer.concat(chunks).subarray(0, reads);
        resolve({ code: code ?? codeOfSignal(signal), stdout, stderr });
      });
    });
  });
}
