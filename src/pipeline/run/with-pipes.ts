/**
 * Runs a job whose ends are pipes as a job between files. The input is kept in a file first, because tiles are read
 * from anywhere. The output is finished first, so that nothing partial goes out on an error.
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
 * Runs `job` with files where it has "-"; without one, as it is. The files are in a folder that is in
 * `opened`; what is told of them says "standard input" and "standard output" instead.
 * @throws OptionError where an end is a terminal, or something would be beside standard output; what `run`, `spool` and `deliver` throw
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
  const inWords = (text: string) =>
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
        onNote: (message) => context.onNote?.(inWords(message)),
      },
    });
    if (toPipe) await deliver(finished, stdout, { signal });
    return { ...result, input, output };
  } catch (error) {
    if (isDeblurError(error)) error.message = inWords(error.message);
    throw error;
  }
}
