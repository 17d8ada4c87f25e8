/** Submits a picture, a folder of pictures or a video to a queue. */
import { basename } from "node:path";
import { integer } from "../../check.ts";
import { NoInputError, OptionError } from "../../errors.ts";
import { areSeveral } from "../../io/sources/find-images.ts";
import { isFolder } from "../../io/system/paths.ts";
import type { RuntimeContext } from "../../pipeline/engines/runtime.ts";
import type { FileOptions } from "../../pipeline/options/file-options.ts";
import { kindOfFile } from "../../pipeline/video/video-kind.ts";
import { addFlow } from "./add-flow.ts";
import { realRoot, relativeTo } from "./below-root.ts";
import { filesBelow } from "./job-files.ts";
import type { JobResult } from "./job-tools.ts";
import { jobsOfFolder } from "./jobs-of-folder.ts";
import { jobsOfImage } from "./jobs-of-image.ts";
import { jobsOfVideo } from "./jobs-of-video.ts";
import { type OpenQueue, withQueue } from "./open-queue.ts";
import { kindOfEnd, type QueueRun, type RunKind, runIdOf } from "./queue-run.ts";
import type { Submission } from "./submission.ts";

/** The options of a submitted run. */
export interface SubmitOptions
  extends Partial<Omit<FileOptions, "kernels" | "sigma" | "noResume">> {
  /** Of Redis; undefined: the variable DEBLUR_QUEUE. User and password may be in variables of their own. */
  readonly queue?: string | undefined;
  /** Of the queue. Default "deblur". */
  readonly name?: string;
  /** The folder that holds input and output, at any path on each worker. Default: the working directory. */
  readonly root?: string;
  /** 1 to 1000; lower is sooner. Default 100. */
  readonly priority?: number;
  /** Tiles of a range, or fewest frames of a segment; undefined: tiles for two minutes, 24 frames. */
  readonly partSize?: number | undefined;
  /** Of a folder: leave out pictures whose output exists. */
  readonly skipExisting?: boolean;
}

/** A run that was submitted. */
export interface SubmittedRun extends QueueRun {
  readonly kind: RunKind;
  readonly output: string;
  /** Number of ranges, pictures or segments. */
  readonly parts: number;
  /** Number of tiles, pictures or frames. */
  readonly items: number;
  /** False where the same run was in the queue already; it is left as it is. */
  readonly added: boolean;
}

/**
 * Plans a run and adds its jobs to a queue; workers do them. A picture is planned in a hidden folder beside the output,
 * which workers read; seconds a tile are measured on its first tile where the queue has no measurement yet. Submitting
 * the same output again watches the run that is in the queue, or begins it anew if it has ended.
 *
 *     const run = await submitRun("map.tif", "sharp.tif", { queue: "redis://127.0.0.1" });
 *     queueProgress(run).subscribe(({ itemsDone, items }) => console.log(itemsDone, items));
 *
 * @throws OptionError, also for paths outside the root; NoInputError; OutputError if the output exists, without
 *   `force`; UnavailableError if Redis does not answer; as `planRun`
 */
export async function submitRun(
  input: string | readonly string[],
  output: string,
  given: SubmitOptions = {},
  context: RuntimeContext = {},
): Promise<SubmittedRun> {
  const { queue: url, name: queueName, root: folder, priority: wanted, ...rest } = given;
  const { partSize, skipExisting = false, ...options } = rest;
  const inputs = typeof input === "string" ? [input] : input;
  const priority = integer("priority", wanted ?? 100, 1, 1000);
  if (partSize !== undefined) integer("partSize", partSize, 1, Number.MAX_SAFE_INTEGER);
  if (options.pyramid !== undefined) {
    throw new OptionError("Expected no `pyramid` for a queue; make it from the output");
  }
  const root = await realRoot(folder ?? ".");
  const outputBelow = await relativeTo(root, output.replace(/(?<=.)\/+$/, ""));
  const files = await filesBelow(root, options);
  return withQueue({ queue: url, name: queueName }, async (open) => {
    const id = runIdOf(outputBelow);
    const run = { id, queue: url, name: open.queue.name, output };
    const there = await found(open, id);
    if (there !== undefined) return { ...run, ...there, added: false };
    const submission: Submission = {
      ...{ inputs, output, root, outputBelow, files, options, partSize, skipExisting },
      ...{ context, workers: await open.queue.getWorkersCount(), lately: await lately(open) },
    };
    const kind = await kindOf(submission);
    const make = { image: jobsOfImage, folder: jobsOfFolder, video: jobsOfVideo }[kind];
    const { end, parts, items } = await make(submission);
    context.signal?.throwIfAborted();
    await addFlow(open, { id, end, parts, priority });
    return { ...run, kind, parts: parts.length, items, added: true };
  });
}

/** Of a job that ends a run. */
interface EndFields {
  readonly kind: string;
  readonly parts: number;
  readonly tiles?: number;
  readonly frames?: number;
}

/** The run of this id in the queue, unless it has ended; one that has is removed. */
async function found(
  { queue }: OpenQueue,
  id: string,
): Promise<Pick<SubmittedRun, "kind" | "parts" | "items"> | undefined> {
  const job = await queue.getJob(id);
  if (job === undefined) return undefined;
  if (!["completed", "failed", "unknown"].includes(await job.getState())) {
    const { kind, parts, tiles, frames } = job.data as EndFields;
    return { kind: kindOfEnd(kind), parts, items: tiles ?? frames ?? parts };
  }
  await job.remove({ removeChildren: true });
  return undefined;
}

async function lately({ queue }: OpenQueue): Promise<readonly JobResult[]> {
  const jobs = await queue.getJobs(["completed"], 0, 49);
  return jobs.flatMap((job) => (job?.returnvalue ? [job.returnvalue as JobResult] : []));
}

async function kindOf({ inputs, output }: Submission): Promise<RunKind> {
  const [input = ""] = inputs;
  if (inputs.length === 0) throw new OptionError("Expected a picture, a folder or a video");
  if (inputs.includes("-") || output === "-") {
    throw new OptionError("Expected files below the root for a queue but received a pipe");
  }
  if ((await areSeveral(inputs)) || output.endsWith("/") || (await isFolder(output))) {
    return "folder";
  }
  const video = await kindOfFile(input);
  if (video === "y4m") {
    throw new NoInputError(input, `${basename(input)} has no key frames; make it an .mkv first`);
  }
  return video === undefined ? "image" : "video";
}
