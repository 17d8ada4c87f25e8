/**
 * The command line in, an exit code out. Reads the arguments, listens to signals, tells progress, and turns
 * whatever happened into one line and a number.
 */
import { isDeblurError, OptionError } from "../errors.ts";
import { commandOf, type Request, readArguments } from "./arguments.ts";
import type { OpenEngine } from "./choose-engine.ts";
import { type Command, helpFlag } from "./commands/command.ts";
import { helpText } from "./help.ts";
import { oneLine } from "./one-line.ts";
import { packageVersion } from "./package-file.ts";
import { openReporter } from "./progress.ts";

/** All the command line touches of its process. */
export interface Environment {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Seconds, from any origin. */
  readonly now: () => number;
  /** Calls `listener` at each SIGINT and SIGTERM until the function it returns is called. */
  onSignal(listener: (signal: SignalName) => void): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
  /** Takes the place of the engine the options choose. */
  readonly openEngine?: OpenEngine;
}

type SignalName = "SIGINT" | "SIGTERM";

/** Options that mean the same for every command that has them. */
interface CommonOptions {
  readonly output: string;
  readonly json: boolean;
  readonly quiet: boolean;
}

const signalCodes: Readonly<Record<SignalName, number>> = { SIGINT: 130, SIGTERM: 143 };

/**
 * Runs `deblur` with the words after its name, in this process but for what `planted` takes the place of.
 * Resolves to the exit code when everything is closed.
 */
export async function main(
  argv: readonly string[],
  planted: Partial<Environment> = {},
): Promise<number> {
  const environment = { ...processEnvironment(), ...planted };
  const { stdout, stderr, env, now } = environment;
  let request: Request;
  try {
    request = readArguments(argv);
  } catch (error) {
    if (!isDeblurError(error)) throw error;
    // Whoever asked for JSON gets JSON, even where the other words cannot be read.
    const choice = { json: argv.includes("--json"), quiet: true };
    const reporter = openReporter(choice, { stream: stderr, now }, env);
    reporter.failed(describe(error, commandOf(argv)), error, error.exitCode);
    return error.exitCode;
  }
  switch (request.kind) {
    case "help":
      stdout.write(helpText(request.command));
      return 0;
    case "version":
      stdout.write(`${packageVersion()}\n`);
      return 0;
    case "run":
      return runCommand(request, environment);
  }
}

async function runCommand(
  { command, call }: Request & { kind: "run" },
  environment: Environment,
): Promise<number> {
  const { stdout, stderr, env, now, openEngine } = environment;
  const { output, json = false, quiet = false } = call.options as Partial<CommonOptions>;
  const reporter = openReporter({ json, quiet }, { stream: stderr, now }, env);
  const aborter = new AbortController();
  let received: SignalName | undefined;
  const stopListening = environment.onSignal((signal) => {
    const reason = new Error(`stopped by ${signal}`);
    if (received !== undefined) {
      const left = output === undefined ? "" : "; a hidden folder may remain beside the output";
      reporter.failed(`${reason.message} again${left}`, reason, signalCodes[signal]);
      return environment.exit(signalCodes[signal]);
    }
    received = signal;
    aborter.abort(reason);
  });
  try {
    await command.run(call, {
      stdout,
      reporter,
      signal: aborter.signal,
      ...(openEngine === undefined ? {} : { openEngine }),
    });
    return 0;
  } catch (error) {
    if (received !== undefined) {
      const code = signalCodes[received];
      const left = output === undefined ? "" : `; nothing was written to ${output}`;
      reporter.failed(`stopped by ${received}${left}`, error, code);
      return code;
    }
    const code = isDeblurError(error) ? error.exitCode : 1;
    reporter.failed(describe(error, command), error, code);
    return code;
  } finally {
    stopListening();
  }
}

/** One line for what can happen to a user; the stack for what should not happen at all. */
function describe(error: unknown, command: Command): string {
  if (error instanceof OptionError) return `${error.message}. Try ${helpFlag(command)}.`;
  if (isDeblurError(error)) return oneLine(error.message);
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function processEnvironment(): Environment {
  // A reader that went away takes neither the run nor its clean-up with it.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    now: () => performance.now() / 1000,
    onSignal(listener) {
      process.on("SIGINT", listener).on("SIGTERM", listener);
      return () => void process.off("SIGINT", listener).off("SIGTERM", listener);
    },
    exit: (code) => process.exit(code),
  };
}
