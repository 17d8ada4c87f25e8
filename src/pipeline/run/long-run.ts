/**
 * Keeps the tiles of a long run beside its output until the output is made. A run that ends early loses only its tiles
 * in flight: the same command resumes.
 */
import { planGrid } from "../../image/tiling/grid.ts";
import type { Pool } from "../../io/pool/pool.ts";
import { fingerprint } from "../../io/store/fingerprint.ts";
import { identityOf, type RunRecord } from "../../io/store/run-record.ts";
import { enterRun, markFinishing, openRunState } from "../../io/store/run-state.ts";
import type { StorePlan } from "../../io/store/store-plan.ts";
import { openTileStore, type StoredTiles } from "../../io/store/tile-store.ts";
import { type Disk, systemDisk } from "../../io/system/disk.ts";
import type { Engine } from "../../model/engine.ts";

/** The kept tiles of a long run. */
export interface LongRun {
  /** A folder for unfinished files on the output's disk; closing the run removes it. */
  readonly work: string;
  /** Opens the store with the tiles kept so far. @throws as `enterRun` and `openTileStore` */
  enter(run: EnteredRun): Promise<StoredTiles>;
  /** Marks that the output is about to appear. @throws IoError */
  finishing(): void;
  /** Marks that the output is made, so that closing removes the tiles. */
  finished(): void;
  /** Keeps the tiles of an unfinished run, and reports them. */
  close(): Promise<void>;
}

interface EnteredRun {
  readonly input: string;
  readonly tolerant: boolean;
  readonly plan: StorePlan;
  readonly runtime: {
    readonly engine: Pick<Engine, "identity">;
    readonly pool: Pool;
  };
  readonly signal: AbortSignal;
}

/**
 * Opens the kept run of `output`, or begins one. With `startOver`, entering the run removes the kept tiles.
 * @throws as `openRunState`
 */
export function openLongRun(
  output: string,
  {
    startOver,
    onNote,
    disk = systemDisk,
  }: {
    readonly startOver: boolean;
    readonly onNote: (line: string) => void;
    readonly disk?: Disk;
  },
): LongRun {
  const state = openRunState(output, disk);
  let tiles: StoredTiles | undefined;
  let total = 0;
  let finished = false;
  let stopListening = (): void => {};

  return {
    work: state.work,
    async enter({ input, tolerant, plan, runtime, signal }) {
      const record = await recordOf({ input, tolerant, plan, runtime });
      enterRun(output, state.path, record, { startOver, disk });
      const { pool } = runtime;
      const run = { plan, ...identityOf(record), work: state.work };
      const store = await openTileStore(state.path, { ...run, pool, disk, signal });
      tiles = store;
      total = planGrid(plan.grid).count;
      if (store.count > 0) onNote(foundLine(store, total));
      const stopping = () => onNote("stopping when the tiles in flight are stored");
      signal.addEventListener("abort", stopping, { once: true });
      stopListening = () => signal.removeEventListener("abort", stopping);
      return store;
    },
    finishing: () => markFinishing(state.path, disk),
    finished() {
      finished = true;
    },
    async close() {
      stopListening();
      const kept = tiles?.count ?? 0;
      // A run that could not be entered keeps its files.
      const keep = !finished && (tiles === undefined ? state.hadRun : kept > 0);
      if (!finished && kept > 0) onNote(keptLine(kept, total));
      state.close({ keep });
    },
  };
}

function keptLine(kept: number, total: number): string {
  return `${kept} of ${total} tiles are kept: the same command resumes, \`noResume\` starts over`;
}

function foundLine({ count, refused }: StoredTiles, total: number): string {
  const again = refused === 0 ? "" : `; ${refused} were damaged and are computed again`;
  return `resuming: ${count} of ${total} tiles are kept from before${again}`;
}

/** Records all inputs that decide the pixels of a run. @throws IoError if the input cannot be read */
async function recordOf({
  input,
  tolerant,
  plan,
  runtime,
}: Omit<EnteredRun, "signal">): Promise<RunRecord> {
  const found = await fingerprint(input);
  return { input: { ...found, tolerant }, engine: runtime.engine.identity, plan };
}
