/**
 * Computes the tiles of one shard of a planned run that are not stored yet. Any number of processes may do this at the
 * same time, in any order, and repeatedly.
 */
import { bitsOf } from "../../image/samples.ts";
import { planGrid } from "../../image/tiling/grid.ts";
import { readInputHeader } from "../../io/sources/open-input.ts";
import { identityOf } from "../../io/store/run-record.ts";
import { openTileStore } from "../../io/store/tile-store.ts";
import { systemDisk } from "../../io/system/disk.ts";
import { withScope } from "../../io/system/scope.ts";
import { openWorkFolder, removeWorkFolders } from "../../io/system/work-folder.ts";
import { openRuntime } from "../engines/runtime.ts";
import type { FileOptions } from "../options/file-options.ts";
import { assertRoomForTiles } from "../plan/disk-of-shared-run.ts";
import { restoringOf } from "../plan/restoring.ts";
import type { RunContext } from "../plan/run-context.ts";
import type { RunResult } from "../plan/run-facts.ts";
import { drain, openTileReport } from "../run/drain.ts";
import { storeImage } from "../store-image.ts";
import { assertAsPlanned, openPlanned, readPlannedRun } from "./planned-run.ts";
import { markBegun, type Shard, tilesOfShard } from "./shard.ts";

/** The options of a part of a planned run. */
export interface ShardOptions {
  /** undefined: all tiles. */
  readonly shard?: Shard;
  /** Accept another engine, or another number of threads, than planned. Default false. */
  readonly allowMixed?: boolean;
  /** Options that may differ from the planned ones. */
  readonly options?: Partial<Pick<FileOptions, "threads" | "inFlight" | "onTileError" | "timeout">>;
}

/**
 * Computes the missing tiles of a shard into the folder of a planned run. A shard is a range of consecutive tiles; the
 * sizes of shards differ by at most one.
 * @throws NoInputError if nothing is planned in `folder`; OutputError if image or engine differ from the plan; as
 *   `deblurFile`. The next run reuses the tiles stored by then.
 */
export async function runShard(
  folder: string,
  { shard, allowMixed = false, options: changed = {} }: ShardOptions,
  context: RunContext = {},
): Promise<RunResult> {
  const planned = readPlannedRun(folder);
  const { input } = planned;
  const grid = planGrid(planned.record.plan.grid);
  const of = grid.count;
  const range = tilesOfShard(shard ?? { index: 1, of: 1 }, of);
  const { inFlight: now = planned.options.inFlight, ...others } = changed;
  const options = { ...planned.options, ...others, inFlight: now };
  const header = await readInputHeader(input, { ...options, signal: context.signal });
  const room = await assertRoomForTiles(
    folder,
    { header, plan: planned.record.plan, options },
    range,
  );
  return withScope(context, async (scope) => {
    const { signal = new AbortController().signal, onNote = () => {} } = context;
    removeWorkFolders(folder, systemDisk, { alone: false });
    const work = scope.use(openWorkFolder(folder, systemDisk), async (it) => it.remove());
    const runtime = await openRuntime(options, context, scope);
    const { engine, preset, pool } = runtime;
    const opening = { work: work.path, scope, signal, onNote };
    const { source, where, plan, record } = await openPlanned(
      { input, header, options },
      engine,
      opening,
    );
    assertAsPlanned(folder, planned.record, record, { allowMixed });

    if (shard) markBegun(folder, shard, systemDisk);
    const tiles = await openTileStore(folder, {
      ...{ plan, range, signal, work: work.path },
      ...identityOf(record),
      ...{ anyEngine: allowMixed, pool, disk: systemDisk },
    });
    const { width, height, channels, radiometry } = source;
    const bits = bitsOf(plan.outputType);
    const { tile, halo, scale, inFlight } = options;
    const largest = grid.largest();
    const sides = { tileWidth: largest.width, tileHeight: largest.height };
    const count = range.end - range.start;
    context.onStart?.({
      ...{ input, output: folder, file: 1, files: 1, width, height, channels, bits },
      radiometry,
      ...{ engine: engine.identity, preset, tile, halo, scale, inFlight, ...sides },
      ...{ tiles: count, tilesKept: tiles.count },
      disk: { needed: room.needed, available: room.available },
    });
    const stored = storeImage(source, tiles, engine, {
      ...restoringOf(options, runtime),
      ...where.restoring,
      ...{ grid, range, signal },
    });
    await drain(stored, openTileReport(context).add);
    const { copied, flat, sharp } = tiles;
    const done = { tiles: count, copied, flat, sharp, shard: { ...range, of } };
    return { input, output: folder, width, height, ...done };
  });
}
