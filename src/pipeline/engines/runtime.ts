/** What all pictures of a run share: one engine with its weights in place, and one pool of threads. */

import type { CpuPool } from "../../io/pool/pool.ts";
import type { Opened } from "../../io/system/scope.ts";
import type { Engine } from "../../model/engine.ts";
import type { FileOptions } from "../options/file-options.ts";
import { type ChosenEngine, chooseEngine, type OpenEngine } from "./choose-engine.ts";

export interface Workbench {
  readonly engine: Engine;
  /** Of the engine's net; none: a net of other sizes than any preset's, or no net. */
  readonly preset: string | undefined;
  readonly pool: CpuPool;
  /** Settles when the engine is open, as it must be before the first tile. */
  readonly ready: Promise<void>;
}

/** Who hears what was not as wished, and who may stop the opening or bring an engine of its own. */
export interface WorkbenchContext {
  /** An engine that is open already, for this run and others at the same time; it stays the caller's to dispose. */
  readonly engine?: Engine;
  /** Threads that are there already; they stay the caller's to close. */
  readonly pool?: CpuPool;
  readonly signal?: AbortSignal;
  readonly onNote?: (message: string) => void;
  readonly openEngine?: OpenEngine;
}

/**
 * Opens both, each into `opened` as soon as it is begun; what the context brings is used and left open.
 * @throws as `openEngine`; the signal's reason
 */
export async function openWorkbench(
  options: FileOptions,
  context: WorkbenchContext,
  opened: Opened,
): Promise<Workbench> {
  const bench = await beginWorkbench(options, context, opened);
  await bench.ready;
  context.signal?.throwIfAborted();
  return bench;
}

/**
 * As `openWorkbench`, but resolves when it is known what the engine is: a picture's ends can be opened while its
 * graphs are put in place.
 */
export async function beginWorkbench(
  options: FileOptions,
  context: WorkbenchContext,
  opened: Opened,
): Promise<Workbench> {
  const { signal, onNote = () => {}, openEngine = chooseEngine } = context;
  signal?.throwIfAborted();
  const opening =
    context.engine === undefined
      ? opened.add(openEngine(options, onNote), disposeOpened)
      : Promise.resolve<ChosenEngine>({ engine: context.engine, preset: undefined });
  // Waited for below; a thread that starts takes a moment.
  opening.catch(() => {});
  const pool = context.pool ?? opened.add(await startPool(options), (it) => it.close());
  const { engine, preset, opened: ready = Promise.resolve() } = await opening;
  ready.catch(() => {});
  signal?.throwIfAborted();
  return { engine, preset, pool, ready };
}

/** Its threads start while the engine opens, which had the first word. */
async function startPool({ threads }: FileOptions): Promise<CpuPool> {
  const { openPool } = await import("../../io/pool/pool.ts");
  return openPool({ threads });
}

/** What is still being opened is waited for. */
async function disposeOpened(opening: Promise<ChosenEngine>): Promise<void> {
  const chosen = await opening.catch(() => undefined);
  await chosen?.engine.dispose();
}
