/** Does the jobs of a queue. Each writes whole files, so that doing one twice, or by two workers at once, is harmless. */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { RunFailedError } from "../../errors.ts";
import { outputFolderError } from "../../io/system/run-folder.ts";
import { assembleRun } from "../../pipeline/shards/assemble-run.ts";
import { belowRoot } from "./below-root.ts";
import { doPicture } from "./do-picture.ts";
import { doRange } from "./do-range.ts";
import { doJoin, doSegment } from "./do-video.ts";
import type { AssemblyJob, EndJob, QueueJob } from "./job-data.ts";
import { commonCode, type JobProblem } from "./job-error.ts";
import { filesOfJob } from "./job-files.ts";
import type { JobResult, JobTools } from "./job-tools.ts";

/**
 * Does one job. `failures` gives the problems of the parts before an end, which then fails.
 * @throws InputError for a path that leaves the root; RunFailedError; as the functions of the library
 */
export async function doJob(
  job: QueueJob,
  tools: JobTools,
  failures: () => Promise<readonly JobProblem[]>,
): Promise<JobResult> {
  switch (job.kind) {
    case "range":
      return doRange(job, tools);
    case "picture":
      await makeFolderOf(await belowRoot(tools.root, job.output));
      return doPicture(job, tools);
    case "segment":
      return doSegment(job, tools);
    case "assembly":
      assertNoFailures(job, await failures());
      return doAssembly(job, tools);
    case "join":
      assertNoFailures(job, await failures());
      return doJoin(job, tools);
    case "folder":
      assertNoFailures(job, await failures());
      return { kind: "folder", items: job.parts };
  }
}

const nouns = { assembly: "ranges", join: "segments", folder: "pictures" } as const;

/** At most so many problems are written out. */
const mostShown = 5;

/** @throws RunFailedError naming the failed parts of the run */
function assertNoFailures({ kind, parts }: EndJob, problems: readonly JobProblem[]): void {
  if (problems.length === 0) return;
  const shown = problems.slice(0, mostShown).map(({ message }) => message);
  const rest = problems.length - shown.length;
  const all = [...shown, ...(rest === 0 ? [] : [`${rest} more`])].join("; ");
  throw new RunFailedError(
    `${problems.length} of ${parts} ${nouns[kind]} failed: ${all}`,
    commonCode(problems),
  );
}

/** `force`: the output was free when the run was submitted, and an earlier attempt may have made it. */
async function doAssembly(
  job: AssemblyJob,
  { root, signal, note, openEngine }: JobTools,
): Promise<JobResult> {
  const [run, input, output] = (await Promise.all(
    [job.run, job.input, job.output].map((path) => belowRoot(root, path)),
  )) as [string, string, string];
  const places = { input, ...(await filesOfJob(root, job.files)) };
  const options = { force: true, allowMixed: false, ...places };
  await assembleRun(run, output, options, { signal, onNote: note, openEngine });
  return { kind: "assembly", items: job.tiles };
}

async function makeFolderOf(output: string): Promise<void> {
  await mkdir(dirname(output), { recursive: true }).catch((cause: unknown) => {
    throw outputFolderError(output, cause);
  });
}
