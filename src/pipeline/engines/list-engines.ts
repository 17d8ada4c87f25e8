/** Tries every engine, in the order in which auto tries them, and lists which work on this machine. */
import { availableParallelism } from "node:os";
import type { Engine } from "../../model/engine.ts";
import { oneLine } from "../../text/describe-error.ts";
import {
  engineNames,
  engineTable,
  type NamedEngine,
  openNamedEngine,
  type Tried,
} from "./engine-table.ts";
import { readWeights } from "./weights-file.ts";

/** An engine, and the result of trying it. */
export interface TriedEngine {
  readonly name: string;
  readonly usable: boolean;
  /** undefined: the engine is not usable. */
  readonly version: string | undefined;
  /** The device it computes on; undefined: the processor. */
  readonly adapter: string | undefined;
  /** How this version was tested with it before its release. */
  readonly tried: Tried;
  /** Why it is not usable: what was found, what is needed, and a command that helps; undefined: it is usable. */
  readonly problem: string | undefined;
  /** The command that makes it usable; undefined: it is usable, or no command helps. */
  readonly command: string | undefined;
  /** Seconds for one tile through all stages; undefined: not measured. */
  readonly tileSeconds: number | undefined;
}

interface ListOptions {
  /** The option of that name. */
  readonly adapter?: string | undefined;
  /** Measure a tile. */
  readonly probe?: boolean;
}

/** Side in pixels of the measured tile. */
export const probeSide = 128;

/**
 * Tries the engines one after the other and disposes each.
 * @throws as `readWeights` if the bundled weights are missing or damaged
 */
export async function listEngines({
  adapter,
  probe = false,
}: ListOptions = {}): Promise<TriedEngine[]> {
  const { bytes } = await readWeights({ weights: undefined, preset: "lite" });
  const threads = availableParallelism();
  const settings = { weights: bytes, pooling: "global", threads, adapter } as const;
  const tried: TriedEngine[] = [];
  for (const name of engineNames) {
    tried.push(await tryEngine(name, () => openNamedEngine(name, settings), probe));
  }
  return tried;
}

async function tryEngine(
  name: NamedEngine,
  open: () => Promise<Engine>,
  probe: boolean,
): Promise<TriedEngine> {
  const { tried } = engineTable[name];
  const nothing = { version: undefined, adapter: undefined, tileSeconds: undefined };
  try {
    return { name, usable: true, tried, ...(await tryOnce(open, probe)), ...noProblem };
  } catch (error) {
    const problem = oneLine(error instanceof Error ? error.message : String(error));
    const command = /; needed: .*?; (?<command>.+)$/.exec(problem)?.groups?.["command"];
    return { name, usable: false, tried, ...nothing, problem, command };
  }
}

const noProblem = { problem: undefined, command: undefined };

/** Opens an engine and restores a tile of zeros, because a library that loads may still not compute. */
async function tryOnce(
  open: () => Promise<Engine>,
  probe: boolean,
): Promise<Pick<TriedEngine, "version" | "adapter" | "tileSeconds">> {
  const engine = await open();
  try {
    const rms = await restoreZeros(engine, 16);
    if (!Number.isFinite(rms)) throw new Error("the residual of a tile of zeros is not finite");
    const { version, adapter } = engine.identity;
    return { version, adapter, tileSeconds: probe ? await measure(engine) : undefined };
  } finally {
    await engine.dispose();
  }
}

/** Returns the seconds of the faster of two tiles, after one to warm up. */
async function measure(engine: Engine): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let time = 0; time < 3; time++) {
    const begin = performance.now();
    await restoreZeros(engine, probeSide);
    if (time > 0) least = Math.min(least, (performance.now() - begin) / 1000);
  }
  return least;
}

async function restoreZeros(engine: Engine, side: number): Promise<number> {
  const image = await engine.upload(new Float32Array(3 * side * side), side, side);
  const codes = await engine.estimateKernels(image);
  const kernels = await engine.decodeFlow(codes);
  const change = await engine.deconvolve(image, kernels, codes.sigma);
  const { rms } = await engine.restore(image, kernels, change);
  engine.release(image, codes.code, codes.sigma, kernels, change);
  return rms;
}
