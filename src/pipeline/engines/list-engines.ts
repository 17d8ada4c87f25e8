/** Every engine this version knows, in the order in which auto tries them: which of them work here, found by trying. */
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

/** An engine, and how the attempt to use it ended. */
export interface TriedEngine {
  readonly name: string;
  readonly usable: boolean;
  /** None where it is not usable. */
  readonly version: string | undefined;
  /** What it computes on, where that is not the processor. */
  readonly adapter: string | undefined;
  /** Whether this version was run on it, before it came here. */
  readonly tried: Tried;
  /** Why it is not usable: what was found, what is needed, and the command where one helps. */
  readonly problem: string | undefined;
  /** What would make it usable; none where nothing would, or it is. */
  readonly command: string | undefined;
  /** Of one tile, all stages, where it was asked for. */
  readonly tileSeconds: number | undefined;
}

interface ListOptions {
  /** As the option of that name. */
  readonly adapter?: string | undefined;
  /** Measure a tile. */
  readonly probe?: boolean;
}

/** Pixels a side of the tile that is measured. */
export const probeSide = 128;

/**
 * Tries the engines one after the other.
 * @throws as `readWeights` where the weights that come along are missing or damaged
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

/** A tile of zeros through all stages; a library that loads may still not compute. */
async function tryOnce(
  open: () => Promise<Engine>,
  probe: boolean,
): Promise<Pick<TriedEngine, "version" | "adapter" | "tileSeconds">> {
  const engine = await open();
  try {
    const rms = await restoreZeros(engine, 16);
    if (!Number.isFinite(rms)) throw new Error("a tile of zeros came back not finite");
    const { version, adapter } = engine.identity;
    return { version, adapter, tileSeconds: probe ? await measure(engine) : undefined };
  } finally {
    await engine.dispose();
  }
}

/** Seconds of the faster of two tiles, after one that is not counted. */
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
  const { rms } = await engine.restore(image, kernels);
  engine.release(image, codes.code, codes.sigma, kernels);
  return rms;
}
