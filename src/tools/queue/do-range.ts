/** Computes a range of tiles of a planned run, and measures the seconds a tile. */
import type { RunPlan } from "../../pipeline/plan/run-facts.ts";
import { belowRoot } from "./below-root.ts";
import type { RangeJob } from "./job-data.ts";
import { filesOfJob } from "./job-files.ts";
import type { JobResult, JobTools } from "./job-tools.ts";
import { paceKey } from "./range-size.ts";

/** @throws as `openShards` and its `compute`; InputError for a path that leaves the root */
export async function doRange(
  { run, input, files, start, end }: RangeJob,
  { root, threads, memory, runs, signal, progress, note }: JobTools,
): Promise<JobResult> {
  const folder = await belowRoot(root, run);
  const places = {
    input: await belowRoot(root, input),
    ...(await filesOfJob(root, files)),
  };
  const options = { threads, ...(memory !== undefined && { memory }) };
  return runs.with(folder, { options, ...places }, async (shards) => {
    const began = performance.now();
    let plan: RunPlan | undefined;
    let computed = 0;
    await shards.compute(
      { start, end: Math.min(end, shards.tiles) },
      {
        signal,
        onNote: note,
        onStart: (found) => {
          plan = found;
        },
        onProgress: () => progress((plan?.tilesKept ?? 0) + ++computed),
      },
    );
    const seconds = (performance.now() - began) / 1000 / Math.max(1, computed);
    const measured = computed > 0 && plan && { pace: { key: paceKey(plan), seconds } };
    return { kind: "range", items: end - start, computed, ...measured };
  });
}
