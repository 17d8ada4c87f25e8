/**
 * Runs a command line: reads the arguments, handles signals, reports progress, and turns every outcome into an exit code
 * and at most one line.
 */
import { existsSync, statSync } from "node:fs";
import type { Writable } from "node:stream";
import { isDeblurError, OptionError } from "../errors.ts";
import { statePath } from "../io/store/run-state.ts";
import { packageVersion } from "../io/system/package-file.ts";
import { removeRunFolders } from "../io/system/run-folder.ts";
import { openStandardOutput, written } from "../io/system/standard-output.ts";
import type { OpenEngine } from "../pipeline/engines/choose-engine.ts";
import { describeError, exitCodeOf } from "../text/describe-error.ts";
import { terminalSafe } from "../text/words.ts";
import { adviceAfter } from "./advice.ts";
import { commandOf, type Request, readArguments } from "./arguments.ts";
import { type Command, helpFlag } from "./command.ts";
import { helpText } from "./help.ts";
import { openReporter } from "./terminal/open-reporter.ts";
import type { Reporter } from "./terminal/reporter.ts";

/** The parts of the process that the command line uses. */
export interface Environment {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Seconds, from any origin. */
  readonly now: () => number;
  /** Calls `listener` at each `SignalName`, until the returned function is called. */
  onSignal(listener: (signal: SignalName) => void): () => void;
  /** Ends the process at once, also with unwritten output. */
  exit(code: number): void;
  /** Ends the process by the signal, without its listeners. */
  endBy(signal: SignalName): void;
  /** Replaces the engine that the options choose. */
  readonly openEngine?: OpenEngine;
}

type SignalName = "SIGINT" | "SIGTERM" | "SIGHUP";

/** Options that mean the same for every command that has them. */
interface CommonOptions {
  readonly output: string;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** 128 + the signal's number, as in shells. */
const signalCodes: Readonly<Record<SignalName, number>> = {
  SIGINT: 130,
  SIGTERM: 143,
  SIGHUP: 129,
};

/**
 * Runs `deblur` with the words after its name, in this process; `planted` replaces parts of it for tests.
 * Resolves to the exit code when everything is closed and standard output is written; after a signal it ends the
 * process.
 */
export async function main(
  argv: readonly string[],
  planted: Partial<Environment> = {},
): Promise<number> {
  const environment = { ...processEnvironment(), ...planted };
  const { stdout, stderr, env, now, openEngine } = environment;
  const request = read(argv, environment);
  if (typeof request === "number") return request;
  if (request.kind !== "run") return print(request, environment);

  const { command, call } = request;
  const { output, json = false, quiet = false } = call.options as Partial<CommonOptions>;
  const reporter = openReporter({ json, quiet }, { stream: stderr, now }, env);
  const stop = listenForSignals(environment, reporter, output);
  try {
    const { signal } = stop;
    await command.run(call, { stdout, reporter, signal, ...(openEngine && { openEngine }) });
    await written(stdout);
    return 0;
  } catch (error) {
    const received = stop.received();
    if (received !== undefined) {
      const code = signalCodes[received];
      reporter.failed(`stopped by ${received}${leftBehind(output)}`, error, code);
      // A reader that does not read would keep the process alive.
      await written(stderr).catch(() => {});
      environment.exit(code);
      return code;
    }
    const code = exitCodeOf(error);
    const advice = adviceAfter(request, argv, error);
    if (!isDeblurError(error, "ReaderGoneError"))
      reporter.failed(`${describe(error, command)}${advice}`, error, code);
    return code;
  } finally {
    stop.close();
  }
}

/** The request of the words, or the exit code where they are none; the problem is reported. */
function read(argv: readonly string[], { stderr, env, now }: Environment): Request | number {
  try {
    return readArguments(argv);
  } catch (error) {
    if (!isDeblurError(error)) throw error;
    // With --json, errors in the other words are JSON, too.
    const choice = { json: argv.includes("--json"), quiet: true };
    const reporter = openReporter(choice, { stream: stderr, now }, env);
    reporter.failed(describe(error, commandOf(argv)), error, error.exitCode);
    return error.exitCode;
  }
}

/** Prints help, a topic or the version. */
async function print(
  request: Exclude<Request, { kind: "run" }>,
  { stdout, stderr }: Environment,
): Promise<number> {
  try {
    await written(stdout, textOf(request));
    return 0;
  } catch (error) {
    if (!isDeblurError(error, "ReaderGoneError"))
      stderr.write(`deblur: ${terminalSafe(describeError(error))}\n`);
    return exitCodeOf(error);
  }
}

function textOf(request: Exclude<Request, { kind: "run" }>): string {
  switch (request.kind) {
    case "help":
      return helpText(request.command);
    case "topic":
      return request.text;
    case "version":
      return `${packageVersion()}\n`;
  }
}

/** Stops a command by signals of the process. */
interface SignalStop {
  /** Aborted by the first one. */
  readonly signal: AbortSignal;
  received(): SignalName | undefined;
  close(): void;
}

/** The first signal asks the command to end; the second one ends the process. */
function listenForSignals(
  environment: Environment,
  reporter: Reporter,
  output: string | undefined,
): SignalStop {
  const aborter = new AbortController();
  let received: SignalName | undefined;
  const close = environment.onSignal((signal) => {
    const reason = new Error(`stopped by ${signal}`);
    if (received === undefined) {
      received = signal;
      return aborter.abort(reason);
    }
    // Native code may be running in other threads; do not wait for it.
    removeRunFolders();
    const line = `${reason.message} again${leftBehind(output)}`;
    reporter.failed(line, reason, signalCodes[signal]);
    return environment.endBy(signal);
  });
  return { signal: aborter.signal, received: () => received, close };
}

/** Describes the files that a stopped run leaves. */
function leftBehind(output: string | undefined): string {
  if (output === undefined || output === "-") return "";
  const folder = statSync(output, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (folder) return `; finished pictures are in ${output}`;
  const kept = statePath(output);
  const tiles = existsSync(kept) ? `, finished tiles are kept in ${kept}` : "";
  return `; nothing was written to ${output}${tiles}`;
}

/** The message of an error; for a wrong call, also the command that prints the help. */
function describe(error: unknown, command: Command): string {
  const text = describeError(error);
  if (!(error instanceof OptionError)) return text;
  return `${text}${text.endsWith("?") ? "" : "."} Try ${helpFlag(command)}.`;
}

function processEnvironment(): Environment {
  const stdout = openStandardOutput();
  // Write callbacks report errors; without a listener the stream would end the process.
  for (const stream of [stdout, process.stderr]) stream.on("error", () => {});
  return {
    stdout,
    stderr: process.stderr,
    env: process.env,
    now: () => performance.now() / 1000,
    onSignal(listener) {
      const signals = Object.keys(signalCodes) as SignalName[];
      for (const signal of signals) process.on(signal, listener);
      return () => {
        for (const signal of signals) process.off(signal, listener);
      };
    },
    exit: (code) => process.exit(code),
    endBy(signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    },
  };
}
