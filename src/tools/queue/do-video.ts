/** Restores the segments of a video, and joins them. */
import { join } from "node:path";
import { deblurVideoPart } from "../../pipeline/video/deblur-video.ts";
import { joinVideo } from "../../pipeline/video/join-video.ts";
import { belowRoot } from "./below-root.ts";
import { publishDraft, receivedOptions, removeDrafts } from "./do-picture.ts";
import type { JoinJob, SegmentJob } from "./job-data.ts";
import { filesOfJob } from "./job-files.ts";
import type { JobResult, JobTools } from "./job-tools.ts";

/** The name of a restored segment in the folder of its run. */
export function segmentName(index: number): string {
  return `${String(index).padStart(6, "0")}.y4m`;
}

/** @throws as `deblurVideo`; InputError for a path that leaves the root */
export async function doSegment(
  { input, output, files, from, frames, options }: SegmentJob,
  { root, job, threads, openEngine, signal, progress, note }: JobTools,
): Promise<JobResult> {
  const image = receivedOptions(options);
  const source = await belowRoot(root, input);
  const to = await belowRoot(root, output);
  const own = { threads, ...(await filesOfJob(root, files)) };
  // A name of this attempt, below 255 bytes.
  const draft = `${to.slice(0, -".y4m".length)}.${job}.y4m`;
  try {
    await deblurVideoPart(
      source,
      draft,
      { ...image, ...own },
      { signal, openEngine, onNote: note, onFrame: ({ framesDone }) => progress(framesDone) },
      { from, frames },
    );
    await publishDraft(draft, to);
    return { kind: "segment", items: frames };
  } finally {
    await removeDrafts(draft);
  }
}

/** @throws as `joinVideo`; InputError for a path that leaves the root */
export async function doJoin(
  { run, input, output, frames, parts }: JoinJob,
  { root, signal, progress }: JobTools,
): Promise<JobResult> {
  const folder = await belowRoot(root, run);
  const source = await belowRoot(root, input);
  const to = await belowRoot(root, output);
  const segments = Array.from({ length: parts }, (_, i) => join(folder, segmentName(i)));
  // The output was free when the run was submitted, and an earlier attempt may have made it.
  const joining = { input: source, frames, force: true, signal };
  await joinVideo(segments, to, joining, progress);
  return { kind: "join", items: frames };
}
