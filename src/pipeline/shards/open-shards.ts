/**
 * Opens a planned run to compute several of its shards: image and engine are opened and compared with the plan once.
 */
import { availableParallelism } from "node:os";
import { bitsOf } from "../../image/samples.ts";
import { planGrid } from "../../image/tiling/grid.ts";
import { readInputHeader } from "../../io/sources/open-input.ts";
import { identityOf } from "../../io/store/run-record.ts";
import { openTileStore } from "../../io/store/tile-store.ts";
import { systemDisk } from "../../io/system/disk.ts";
import { openScope, type Scope } from "../../io/system/scope.ts";
import { openWorkFolder, removeWorkFolders } from "../../io/system/work-folder.ts";
import { openRuntime } from "../engines/runtime.ts";
import type { FileOptions } from "../options/file-options.ts";
import { assertRoomForTiles } from "../plan/disk-of-shared-run.ts";
import { planMemory, type Settled } from "../plan/plan-memory.ts";
import { restoringOf } from "../plan/restoring.ts";
import type { RunContext } from "../plan/run-context.ts";
import type { RunResult } from "../plan/run-facts.ts";
import { drain, openTileReport } from "../run/drain.ts";
import { storeImage, type TileRange } from "../store-image.ts";
import { assertAsPlanned, openPlanned, type RunPlaces, readPlannedRun } from "./planned-run.ts";
import { markBegun, type Shard } from "./shard.ts";

/** The options of a process that computes parts of a planned run. */
export interface ShardsOptions extends RunPlaces {
  /** Accept another engine than planned. Default false. */
  readonly allowMixed?: boolean;
  /** Options that may differ from the planned ones. With `memory`, the number of tiles in flight follows from it. */
  readonly options?: Partial<
    Pick<FileOptions, "threads" | "inFlight" | "memory" | "onTileError" | "timeout">
  >;
}

/** An open planned run. */
export interface OpenShards {
  /** Number of all tiles. */
  readonly tiles: number;
  /**
   * Computes the missing tiles of a range, and stores them in the run's folder.
   * @throws IoError, TileError; the signal's reason once it is aborted
   */
  compute(range: TileRange, context?: ShardContext): Promise<RunResult>;
  /** Closes the image and the engine. Returns what could not be closed. */
  close(): Promise<readonly unknown[]>;
}

/** The callbacks of one range and the signal that stops it. */
export interface ShardContext
  extends Pick<RunContext, "signal" | "onStart" | "onProgress" | "onNote"> {
  /** The division that the range belongs to; `assembleRun` names its missing shards. */
  readonly shard?: Shard;
}

/**
 * Opens the run planned in `folder`; the caller closes it. Removes what killed processes left in the folder.
 * @throws NoInputError if nothing is planned in `folder`; OutputError if image or engine differ from the plan;
 *   OptionError if `memory` does not suffice; as `deblurFile`
 */
export async function openShards(
  folder: string,
  { allowMixed = false, options = {}, ...places }: ShardsOptions,
  context: RunContext = {},
): Promise<OpenShards> {
  const scope = openScope();
  try {
    return await open(folder, { allowMixed, options, ...places }, context, scope);
  } catch (error) {
    await scope.closeAll();
    throw error;
  }
}

async function open(
  folder: string,
  { allowMixed, options: changed = {}, ...places }: ShardsOptions,
  context: RunContext,
  scope: Scope,
): Promise<OpenShards> {
  const { signal = new AbortController().signal, onNote = () => {} } = context;
  const planned = readPlannedRun(folder, places);
  const { input } = planned;
  const asked = optionsOf(planned.options, changed);
  const header = await readInputHeader(input, { ...asked, signal: context.signal });
  removeWorkFolders(folder, systemDisk, { alone: false });
  const work = scope.use(openWorkFolder(folder, systemDisk), async (it) => it.remove()).path;
  const runtime = await openRuntime(asked, context, scope);
  const options: Settled =
    changed.memory === undefined
      ? asked
      : planMemory(
          { ...asked, memory: changed.memory, inFlight: changed.inFlight },
          { header, format: "tiff", runtime },
        ).options;
  const { engine, preset, pool } = runtime;
  const opening = { work, scope, signal, onNote, planned: planned.record.input };
  const { source, where, plan, record } = await openPlanned(
    { input, header, options },
    engine,
    opening,
  );
  assertAsPlanned(folder, planned.record, record, { allowMixed: allowMixed === true });
  const grid = planGrid(plan.grid);
  const { width, height, channels, radiometry } = source;

  return {
    tiles: grid.count,
    async compute(range, { signal: stop = signal, shard, ...callbacks } = {}) {
      const room = await assertRoomForTiles(folder, { header, plan, options }, range);
      if (shard) markBegun(folder, shard, systemDisk);
      const tiles = await openTileStore(folder, {
        ...{ plan, range, signal: stop, work },
        ...identityOf(record),
        ...{ anyEngine: allowMixed === true, pool, disk: systemDisk },
      });
      const { tile, halo, scale, inFlight } = options;
      const largest = grid.largest();
      const sides = { tileWidth: largest.width, tileHeight: largest.height };
      const count = range.end - range.start;
      callbacks.onStart?.({
        ...{ input, output: folder, file: 1, files: 1, width, height, channels },
        ...{ bits: bitsOf(plan.outputType), radiometry },
        ...{ engine: engine.identity, preset, tile, halo, scale, inFlight, ...sides },
        ...{ tiles: count, tilesKept: tiles.count },
        disk: { needed: room.needed, available: room.available },
      });
      const stored = storeImage(source, tiles, engine, {
        ...restoringOf(options, runtime),
        ...where.restoring,
        ...{ grid, range, signal: stop },
      });
      await drain(stored, openTileReport(callbacks).add);
      const { copied, flat, sharp } = tiles;
      const done = { tiles: count, copied, flat, sharp, shard: { ...range, of: grid.count } };
      return { input, output: folder, width, height, ...done };
    },
    close: () => scope.closeAll(),
  };
}

/** The planned options with those of this process; its threads are its own. */
function optionsOf(planned: Settled, changed: ShardsOptions["options"] = {}): Settled {
  const {
    inFlight = planned.inFlight,
    threads = availableParallelism(),
    memory: _,
    ...others
  } = changed;
  return { ...planned, ...others, inFlight, threads };
}
