/** Makes the jobs of several pictures: one a picture. */
import { mkdir } from "node:fs/promises";
import { findImages } from "../../io/sources/find-images.ts";
import { assertFree } from "../../io/system/publish.ts";
import { outputFolderError } from "../../io/system/run-folder.ts";
import { completeOptions } from "../../pipeline/options/complete-options.ts";
import { pairUp } from "../../pipeline/run/deblur-files.ts";
import { isMade } from "../../pipeline/run/skip-existing.ts";
import { relativeTo } from "./below-root.ts";
import { jobOptions } from "./do-picture.ts";
import type { FolderJob, PictureJob } from "./job-data.ts";
import type { Submission } from "./submission.ts";

/** The jobs of a folder and its number of pictures. */
export interface FolderJobs {
  readonly end: FolderJob;
  readonly parts: readonly PictureJob[];
  readonly items: number;
}

/** @throws OutputError if an output exists; as `deblurFiles` before its first picture; OptionError for a path outside the root */
export async function jobsOfFolder(submission: Submission): Promise<FolderJobs> {
  const { inputs, output, root, outputBelow, files, skipExisting } = submission;
  const options = completeOptions(submission.options);
  const found = await findImages(inputs, { except: output });
  await mkdir(output, { recursive: true }).catch((cause: unknown) => {
    throw outputFolderError(output, cause);
  });
  const parts: PictureJob[] = [];
  for (const pair of pairUp(found, output, options)) {
    if (skipExisting && (await isMade(pair.output, options))) continue;
    await assertFree(pair.output, options);
    const below = pair.output.slice(output.replace(/\/+$/, "").length + 1);
    parts.push({
      kind: "picture",
      input: await relativeTo(root, pair.input),
      output: `${outputBelow}/${below}`,
      files,
      options: jobOptions(submission.options),
    });
  }
  const end: FolderJob = { kind: "folder", output: outputBelow, parts: parts.length };
  return { end, parts, items: parts.length };
}
