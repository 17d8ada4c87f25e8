/** Opens what all images of a run share: one engine with its weights, and one pool of threads. */
import type { Pool } from "../../io/pool/pool.ts";
import type { Scope } from "../../io/system/scope.ts";
import type { Engine } from "../../model/engine.ts";
import { type ChosenEngine, chooseEngine, type OpenEngine } from "./choose-engine.ts";
import type { EngineChoice } from "./engine-options.ts";

/** The engine and the pool of a run. */
export interface Runtime {
  readonly engine: Engine;
  /** Of the engine's net; undefined: the net has other sizes than any preset, or the engine has no net. */
  readonly preset: string | undefined;
  readonly pool: Pool;
  /** Settles when the engine is open, as the first tile needs. */
  readonly ready: Promise<void>;
}

/** The caller's own engine and pool, its signal and its callback for notes. */
export interface RuntimeContext {
  /** An open engine, which other runs may use at the same time. The caller disposes it. */
  readonly engine?: Engine;
  /** An open pool of threads. The caller closes it. */
  readonly pool?: Pool;
  readonly signal?: AbortSignal;
  readonly onNote?: (message: string) => void;
  /** Default: `chooseEngine`. */
  readonly openEngine?: OpenEngine;
}

/**
 * Opens engine and pool; `scope` closes them. Those of the context are used and left open.
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
 * Begins to open engine and pool and resolves once the engine's identity is known. An image's ends can be opened while
 * the engine loads its graphs.
 * @throws as `openRuntime`
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
  // Avoids an unhandled rejection while the pool starts; awaited below.
  opening.catch(() => {});
  const pool = context.pool ?? scope.use(await startPool(options), (it) => it.close());
  const { engine, preset, ready = Promise.resolve() } = await opening;
  ready.catch(() => {});
  signal?.throwIfAborted();
  return { engine, preset, pool, ready };
}

/** Starts the pool's threads while the engine opens. */
async function startPool({ threads }: EngineChoice): Promise<Pool> {
  const { openPool } = await import("../../io/pool/pool.ts");
  return openPool({ threads });
}

/** Disposes the engine, once it has opened. */
async function disposeOpened(opening: Promise<ChosenEngine>): Promise<void> {
  const chosen = await opening.catch(() => undefined);
  await chosen?.engine.dispose();
}
