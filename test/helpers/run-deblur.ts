/** Runs the built command in a process of its own, and says how it ended and what it said. */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

export interface Ended {
  /** As a shell says it; none if the process had to be killed: it hung, or kept a handle. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  /** Plants an engine: a name in planted-deblur.js. */
  readonly fault?: string;
  readonly env?: Record<string, string>;
  /** The command's script; that of this build unless said. */
  readonly script?: string;
  /** Called once, when the process first says something. */
  readonly onFirstWord?: (child: ChildProcess) => void;
  /** Milliseconds after which it is killed; `patienceMs` unless said. */
  readonly patience?: number;
  /** Called when the process is started. */
  readonly during?: (child: ChildProcess) => void;
}

export const command = fileURLToPath(new URL("../../dist/bin/deblur.js", import.meta.url));
export const planted = fileURLToPath(new URL("./planted-deblur.js", import.meta.url));

/** 128 + the number of the signal a process died of. */
export function codeOfSignal(signal: NodeJS.Signals | null): number | null {
  return signal === null || signal === "SIGKILL" ? null : 128 + constants.signals[signal];
}

const atWord = new URL("./signal-at-word.js", import.meta.url).href;

/** The environment in which a process sends itself `signal` once it prints `word`. */
export function signalAtWord(signal: NodeJS.Signals, word: string): Record<string, string> {
  return { NODE_OPTIONS: `--import ${atWord}`, SIGNAL: signal, WORD: word };
}

/** A process that does not end by itself is killed after this. */
export const patienceMs = 30_000;

/** `deblur WORDS` in the folder `cwd`; resolves when the process has ended. */
export function runDeblur(words: readonly string[], options: RunOptions): Promise<Ended> {
  const { cwd, fault, env = {}, script = command, onFirstWord, during } = options;
  const { patience = patienceMs } = options;
  const start = fault === undefined ? [script] : [planted, fault];
  const child = spawn(process.execPath, [...start, ...words], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: patience,
    killSignal: "SIGKILL",
  });
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    said.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    said.stderr += chunk;
  });
  during?.(child);
  if (onFirstWord) child.stderr.once("data", () => onFirstWord(child));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({ code: code ?? codeOfSignal(signal), ...said });
    });
  });
}
