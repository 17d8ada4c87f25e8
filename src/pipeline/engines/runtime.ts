/** What all pictures of a run share: one engine with its weights in place, and one pool of threads. */

import type { Pool } from "../../io/pool/pool.ts";
import type { Scope } from "../../io/system/scope.ts";
import type { Engine } from "../../model/engine.ts";
import { type ChosenEngine, chooseEngine, type OpenEngine } from "./choose-engine.ts";
import type { EngineChoice } from "./engine-options.ts";

export interface Runtime {
  readonly engine: Engine;
  /** Of the engine's net; none: a net of other sizes than any preset's, or no net. */
  readonly preset: string | undefined;
  readonly pool: Pool;
  /** Settles when the engine is open, as it must be before the first tile. */
  readonly ready: Promise<void>;
}

/** Who hears what was not as wished, and who may stop the opening or bring an engine of its own. */
export interface RuntimeContext {
  /** An engine that is open already, for this run and others at the same time; it stays the caller's to dispose. */
  readonly engine?: Engine;
  /** Threads that are there already; they stay the caller's to close. */
  readonly pool?: Pool;
  readonly signal?: AbortSignal;
  readonly onNote?: (message: string) => void;
  readonly openEngine?: OpenEngine;
}

/**
 * Opens both, each into `opened` as soon as it is begun; what the context brings is used and left open.
 * @throws as `openEngine`; the signal's reason
 */
export async function openRuntime(
  options: EngineChoice,
  context: RuntimeContext,
  scope: Scope,
): Promise<Runtime> {
  const runtime = await beginRuntime(options, context, scope);
  await runtime.ready;
  context.signal?.throwIfAborted();
  return runtime;
}

/**
 * As `openWorkbench`, but resolves when it is known what the engine is: a picture's ends can be opened while its
 * graphs are put in place.
 */
export async function beginRuntime(
  options: EngineChoice,
  context: RuntimeContext,
  scope: Scope,
): Promise<Runtime> {
  const { signal, onNote = () => {}, openEngine = chooseEngine } = context;
  signal?.throwIfAborted();
  const opening =
    context.engine === undefined
      ? scope.use(openEngine(options, onNote), disposeOpened)
      : Promise.resolve<ChosenEngine>({ engine: context.engine, preset: undefined });
  // Waited for below; a thread that starts takes a moment.
  opening.catch(() => {});
  const pool = context.pool ?? scope.use(await startPool(options), (it) => it.close());
  const { engine, preset, ready = Promise.resolve() } = await opening;
  ready.catch(() => {});
  signal?.throwIfAborted();
  return { engine, preset, pool, ready };
}

/** Its threads start while the engine opens, which had the first word. */
async function startPool({ threads }: EngineChoice): Promise<Pool> {
  const { openPool } = await import("../../io/pool/pool.ts");
  return openPool({ threads });
}

/** What is still being opened is waited for. */
async function disposeOpened(opening: Promise<ChosenEngine>): Promise<void> {
  const chosen = await opening.catch(() => undefined);
  await chosen?.engine.dispose();
}
