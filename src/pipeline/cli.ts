/**
 * The command line in, an exit code out. Reads the arguments, listens to signals, tells progress, and turns
 * whatever happened into one line and a number.
 */
import { isDeblurError, OptionError } from "../errors.ts";
import { type Command, readArguments } from "./arguments.ts";
import type { OpenEngine } from "./choose-engine.ts";
import { deblurFile } from "./deblur-file.ts";
import { helpText } from "./help.ts";
import { packageVersion } from "./package-file.ts";
import { openReporter } from "./progress.ts";
import type { ReporterContext } from "./terminal/reporter.ts";

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
  const context: ReporterContext = { stream: stderr, now };
  let command: Command;
  try {
    command = readArguments(argv);
  } catch (error) {
    if (!isDeblurError(error)) throw error;
    // Whoever asked for JSON gets JSON, even where the other words cannot be read.
    const reporter = openReporter({ json: argv.includes("--json"), quiet: true }, context, env);
    reporter.failed(`${error.message}. Try deblur --help.`, error, error.exitCode);
    return error.exitCode;
  }
  if (command.kind === "help") stdout.write(helpText());
  if (command.kind === "version") stdout.write(`${packageVersion()}\n`);
  return command.kind === "deblur" ? runDeblur(command, environment) : 0;
}

async function runDeblur(
  { input, output, options }: Command & { kind: "deblur" },
  environment: Environment,
): Promise<number> {
  const { stderr, env, now, openEngine } = environment;
  const reporter = openReporter(options, { stream: stderr, now }, env);
  const aborter = new AbortController();
  let received: SignalName | undefined;
  const stopListening = environment.onSignal((signal) => {
    const reason = new Error(`stopped by ${signal}`);
    if (received !== undefined) {
      const left = "a hidden folder may remain beside the output";
      reporter.failed(`${reason.message} again; ${left}`, reason, signalCodes[signal]);
      return environment.exit(signalCodes[signal]);
    }
    received = signal;
    aborter.abort(reason);
  });
  try {
    const result = await deblurFile(input, output, options, {
      signal: aborter.signal,
      onStart: reporter.start,
      onProgress: reporter.tile,
      onNote: reporter.note,
      ...(openEngine === undefined ? {} : { openEngine }),
    });
    reporter.done(result);
    return 0;
  } catch (error) {
    if (received !== undefined) {
      const code = signalCodes[received];
      reporter.failed(`stopped by ${received}; nothing was written to ${output}`, error, code);
      return code;
    }
    const code = isDeblurError(error) ? error.exitCode : 1;
    reporter.failed(describe(error), error, code);
    return code;
  } finally {
    stopListening();
  }
}

/** One line for what can happen to a user; the stack for what should not happen at all. */
function describe(error: unknown): string {
  if (error instanceof OptionError) return `${error.message}. Try deblur --help.`;
  if (isDeblurError(error)) return error.message.replace(/\s*\n\s*/g, "; ");
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
