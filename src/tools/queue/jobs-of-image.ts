/** Makes the jobs of a picture: plans its run, measures a tile, and divides the tiles into ranges. */
import { join } from "node:path";
import { outputForm } from "../../io/formats/output-form.ts";
import { assertFree } from "../../io/system/publish.ts";
import { completeOptions } from "../../pipeline/options/complete-options.ts";
import { openShards } from "../../pipeline/shards/open-shards.ts";
import { planRun, type RunPlanned } from "../../pipeline/shards/plan-run.ts";
import { tilesOfShard } from "../../pipeline/shards/shard.ts";
import { relativeTo } from "./below-root.ts";
import type { AssemblyJob, RangeJob } from "./job-data.ts";
import { medianOf, paceKey, rangesFor } from "./range-size.ts";
import { runFolderOf } from "./run-folder-of.ts";
import { shareEngines } from "./shared-engines.ts";
import type { Submission } from "./submission.ts";

/** The jobs of a run and its number of tiles. */
export interface ImageJobs {
  readonly end: AssemblyJob;
  readonly parts: readonly RangeJob[];
  readonly items: number;
}

/** @throws as `planRun`; OutputError if the output exists; OptionError for an input outside the root */
export async function jobsOfImage(submission: Submission): Promise<ImageJobs> {
  const { inputs, output, root, outputBelow, files, partSize, context } = submission;
  const [path = ""] = inputs;
  const { force = false, ...options } = submission.options;
  outputForm(output, completeOptions(options));
  await assertFree(output, { force });
  const input = await relativeTo(root, path);
  const run = runFolderOf(outputBelow);
  // One engine plans and measures.
  const engines = shareEngines(context.openEngine);
  try {
    const shared = { ...context, openEngine: engines.open };
    const planned = await planRun(path, join(root, run), options, shared);
    const { tiles } = planned;
    const ranges =
      partSize !== undefined
        ? Math.ceil(tiles / partSize)
        : rangesFor(tiles, await secondsPerTile(planned, submission, shared), submission.workers);
    const places = { run, input, files };
    return {
      end: { kind: "assembly", ...places, output: outputBelow, tiles, parts: ranges },
      parts: Array.from({ length: ranges }, (_, i) => ({
        ...{ kind: "range", ...places },
        ...tilesOfShard({ index: i + 1, of: ranges }, tiles),
        of: tiles,
      })),
      items: tiles,
    };
  } finally {
    await engines.close();
  }
}

/** Those that workers measured lately; else those of the run's first two tiles, which are kept. */
async function secondsPerTile(
  planned: RunPlanned,
  { lately }: Submission,
  context: Submission["context"],
): Promise<number> {
  const key = paceKey(planned);
  const known = lately.flatMap(({ pace }) => (pace?.key === key ? [pace.seconds] : []));
  const median = medianOf(known);
  if (median !== undefined) return median;
  const shards = await openShards(planned.run, {}, context);
  try {
    // The first tile is slower, because the engine reserves its memory.
    let seconds = 0;
    for (const start of [0, 1].slice(0, planned.tiles)) {
      const began = performance.now();
      await shards.compute({ start, end: start + 1 });
      seconds = (performance.now() - began) / 1000;
    }
    return seconds;
  } finally {
    await shards.close();
  }
}
