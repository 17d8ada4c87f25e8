/** Restores one picture of a folder, under another name until it is complete. */
import { readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { InputError, IoError, isDeblurError } from "../../errors.ts";
import { systemMessage } from "../../io/system/system-error.ts";
import { completeOptions } from "../../pipeline/options/complete-options.ts";
import type { FileOptions } from "../../pipeline/options/file-options.ts";
import { deblurFile } from "../../pipeline/run/deblur-file.ts";
import { belowRoot } from "./below-root.ts";
import type { PictureJob } from "./job-data.ts";
import { filesOfJob } from "./job-files.ts";
import type { JobResult, JobTools } from "./job-tools.ts";

/** Options that a job does not have: those of a worker, those with a path, and those of an output that exists. */
const ofWorker = [
  "threads",
  "memory",
  "weights",
  "net",
  "mask",
  "kernels",
  "sigma",
  "force",
  "noResume",
] as const;
type OfWorker = (typeof ofWorker)[number];

/** The options of a job, from those of a command. */
export function jobOptions(given: Partial<FileOptions>): Readonly<Record<string, unknown>> {
  const left = Object.entries(given).filter(
    ([key, value]) => !(ofWorker as readonly string[]).includes(key) && value !== undefined,
  );
  return Object.fromEntries(left);
}

/** The options of a received job. @throws InputError if one is not a job's, or has a wrong value */
export function receivedOptions(
  given: Readonly<Record<string, unknown>>,
): Partial<Omit<FileOptions, OfWorker>> {
  const own = ofWorker.find((key) => Object.hasOwn(given, key));
  if (own !== undefined) throw new InputError("job", `has the option ${own}, which is a worker's`);
  try {
    completeOptions(given);
  } catch (error) {
    if (!isDeblurError(error, "OptionError")) throw error;
    throw new InputError("job", error.message, { cause: error });
  }
  return given;
}

/** @throws as `deblurFile`; InputError for a path that leaves the root */
export async function doPicture(
  { input, output, files, options }: PictureJob,
  { root, job, threads, memory, openEngine, signal, progress, note }: JobTools,
): Promise<JobResult> {
  const image = receivedOptions(options);
  const from = await belowRoot(root, input);
  const to = await belowRoot(root, output);
  const own = { threads, memory, ...(await filesOfJob(root, files)) };
  const suffix = extname(to);
  // Hidden, and of this attempt: a worker that was frozen may still write its own.
  const stem = `.${basename(to, suffix).slice(0, 60)}.`;
  const draft = join(dirname(to), `${stem}${job}${suffix}`);
  try {
    let done = 0;
    const context = { signal, openEngine, onNote: note, onProgress: () => progress(++done) };
    const { tiles } = await deblurFile(from, draft, { ...image, ...own }, context);
    await publishDraft(draft, to);
    return { kind: "picture", items: tiles };
  } finally {
    await removeDrafts(draft);
  }
}

/** Puts a finished file, and what belongs to it, in place. @throws IoError */
export async function publishDraft(draft: string, output: string): Promise<void> {
  try {
    await rename(draft, output);
  } catch (cause) {
    throw new IoError(output, systemMessage(cause), { cause });
  }
}

/** Removes an unfinished file and the folder of its run. */
export async function removeDrafts(draft: string): Promise<void> {
  const folder = dirname(draft);
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => one.includes(basename(draft)))) {
    await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
  }
}
