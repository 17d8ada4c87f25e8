/** Makes the jobs of a video: segments that begin at key frames. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { OptionError } from "../../errors.ts";
import { kindOfSuffix } from "../../io/formats/video-suffixes.ts";
import { assertFree } from "../../io/system/publish.ts";
import { outputFolderError } from "../../io/system/run-folder.ts";
import { completeOptions } from "../../pipeline/options/complete-options.ts";
import { divideVideo } from "../../pipeline/video/join-video.ts";
import { relativeTo } from "./below-root.ts";
import { jobOptions } from "./do-picture.ts";
import { segmentName } from "./do-video.ts";
import type { JoinJob, SegmentJob } from "./job-data.ts";
import { runFolderOf } from "./run-folder-of.ts";
import type { Submission } from "./submission.ts";

/** The jobs of a video and its number of frames. */
export interface VideoJobs {
  readonly end: JoinJob;
  readonly parts: readonly SegmentJob[];
  readonly items: number;
}

/** A frame takes seconds; at key frames further apart than this, segments are as short as they can be. */
const fewestFrames = 24;

/** @throws as `probe`; OutputError if the output exists; OptionError for another suffix or a path outside the root */
export async function jobsOfVideo(submission: Submission): Promise<VideoJobs> {
  const { inputs, output, root, outputBelow, files, context } = submission;
  const { partSize = fewestFrames } = submission;
  const { signal = new AbortController().signal } = context;
  const [path = ""] = inputs;
  completeOptions(submission.options);
  if (kindOfSuffix(output) !== "container") {
    throw new OptionError(
      `Expected a video's suffix, such as .mp4, but received ${JSON.stringify(output)}`,
    );
  }
  await assertFree(output, { force: submission.options.force === true });
  const input = await relativeTo(root, path);
  const segments = await divideVideo(path, partSize, signal);
  const run = runFolderOf(outputBelow);
  await mkdir(join(root, run), { recursive: true }).catch((cause: unknown) => {
    throw outputFolderError(output, cause);
  });
  const frames = segments.reduce((sum, one) => sum + one.frames, 0);
  const parts = segments.map(
    ({ from, frames }, i): SegmentJob => ({
      ...{ kind: "segment", input, output: `${run}/${segmentName(i)}`, files },
      ...{ from, frames, options: jobOptions(submission.options) },
    }),
  );
  const end: JoinJob = {
    kind: "join",
    run,
    input,
    output: outputBelow,
    frames,
    parts: parts.length,
  };
  return { end, parts, items: frames };
}
