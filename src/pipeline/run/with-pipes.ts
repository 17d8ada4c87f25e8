/**
 * Runs a job with pipes as a job between files. The input is kept in a file first, because tiles are read in any
 * order. The output is finished before it is sent, so that an error sends nothing partial.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeblurError, OptionError } from "../../errors.ts";
import { readInputHeader } from "../../io/sources/open-input.ts";
import { openRunFolder } from "../../io/system/run-folder.ts";
import type { Scope } from "../../io/system/scope.ts";
import { assertPiped, spool, standardInput } from "../../io/system/standard-input.ts";
import { assertNotATerminal, deliver, standardOutput } from "../../io/system/standard-output.ts";
import type { ImageJob } from "../plan/run-context.ts";
import type { RunResult } from "../plan/run-facts.ts";

/**
 * Runs `job` with a file for each "-"; a job without "-" runs unchanged. `scope` removes the folder of the files.
 * Messages name "standard input" and "standard output" in place of these files.
 * @throws OptionError if an end is a terminal, or a pyramid would be beside standard output; the errors of `run`,
 *   `spool` and `deliver`
 */
export async function withPipes(
  job: ImageJob,
  scope: Scope,
  run: (job: ImageJob) => Promise<RunResult>,
): Promise<RunResult> {
  const { input, output, options, context } = job;
  const [fromPipe, toPipe] = [input === "-", output === "-"];
  if (!fromPipe && !toPipe) return run(job);
  const { stdin = process.stdin, stdout = process.stdout } = context;
  const { signal = new AbortController().signal } = context;
  if (fromPipe) assertPiped(stdin);
  if (toPipe) assertNotATerminal(stdout);
  if (toPipe && options.pyramid !== undefined) {
    throw new OptionError(
      `Expected a file, for a pyramid beside it, but received ${standardOutput}`,
    );
  }

  const beside = toPipe ? join(tmpdir(), "pipe") : output;
  const { path: folder } = scope.use(await openRunFolder(beside), (it) => it.remove());
  const image = fromPipe ? join(folder, standardInput) : input;
  const finished = toPipe ? join(folder, standardOutput) : output;
  const withStreamNames = (text: string) =>
    [standardInput, standardOutput].reduce(
      (words, name) => words.replaceAll(join(folder, name), name),
      text,
    );
  try {
    const inspect = () => readInputHeader(image, options);
    if (fromPipe) await spool(stdin, image, { inspect, signal });
    const result = await run({
      ...job,
      resumable: false,
      input: image,
      output: finished,
      context: {
        ...context,
        onStart: (plan) => context.onStart?.({ ...plan, input, output }),
        onNote: (message) => context.onNote?.(withStreamNames(message)),
      },
    });
    if (toPipe) await deliver(finished, stdout, { signal });
    return { ...result, input, output };
  } catch (error) {
    if (isDeblurError(error)) error.message = withStreamNames(error.message);
    throw error;
  }
}
