/**
 * Computes the tiles of one shard of a planned run that are not stored yet. Any number of processes may do this at the
 * same time, in any order, and repeatedly.
 */
import { withScope } from "../../io/system/scope.ts";
import type { RunContext } from "../plan/run-context.ts";
import type { RunResult } from "../plan/run-facts.ts";
import { openShards, type ShardsOptions } from "./open-shards.ts";
import { type Shard, tilesOfShard } from "./shard.ts";

/** The options of a part of a planned run. */
export interface ShardOptions extends ShardsOptions {
  /** undefined: all tiles. */
  readonly shard?: Shard;
}

/**
 * Computes the missing tiles of a shard into the folder of a planned run. A shard is a range of consecutive tiles; the
 * sizes of shards differ by at most one.
 * @throws NoInputError if nothing is planned in `folder`; OutputError if image or engine differ from the plan; as
 *   `deblurFile`. The next run reuses the tiles stored by then.
 */
export async function runShard(
  folder: string,
  { shard, ...options }: ShardOptions,
  context: RunContext = {},
): Promise<RunResult> {
  return withScope(context, async (scope) => {
    const run = await openShards(folder, options, context);
    scope.use(run, async (it) => {
      const [problem] = await it.close();
      if (problem !== undefined) throw problem;
    });
    const range = tilesOfShard(shard ?? { index: 1, of: 1 }, run.tiles);
    return run.compute(range, { ...context, ...(shard && { shard }) });
  });
}
