/** Describes a net made elsewhere, as data and as lines of text: what its file says, and what a trial shows. */
import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import type { Engine, EngineIdentity } from "../../model/engine.ts";
import { readOnnxModel } from "../../model/onnx/read-model.ts";
import { readGraphModel } from "../../model/tfjs/read-graph-model.ts";
import { readNet } from "../../pipeline/engines/read-net.ts";
import { openEngine } from "../../pipeline/open-engine.ts";
import { visible } from "../../text/words.ts";

/** A net made elsewhere. */
export interface NetInfo {
  readonly path: string;
  /** Of the net with its values, hex. */
  readonly sha256: string;
  readonly format: "ONNX" | "TensorFlow.js graph model";
  /** The number of stored values. */
  readonly parameters: number;
  /** What the file says about itself. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly engine: EngineIdentity;
  /** The default side and halo of its tiles, in pixels. */
  readonly tile: number;
  readonly halo: number;
  /** Sides and halos of tiles are multiples of this. */
  readonly alignment: number;
}

/**
 * Reads the net at `path` and tries it on a small image.
 * @throws NoInputError, IoError, WeightsError, UnavailableError
 */
export async function netInfo(path: string): Promise<NetInfo> {
  const engine = await openEngine({ net: path, threads: availableParallelism() });
  try {
    return await netInfoOf(path, engine);
  } finally {
    await engine.dispose();
  }
}

/** As `netInfo`, with the net opened as `engine`. @throws NoInputError, IoError, WeightsError */
export async function netInfoOf(path: string, engine: Engine): Promise<NetInfo> {
  const { kind, model, values } = await readNet(path, undefined);
  const { parameters, metadata } = kind === "onnx" ? readOnnxModel(model) : readGraphModel(model);
  const { identity, alignment, usualTiles = { tile: 0, halo: 0 } } = engine;
  return {
    path,
    sha256: createHash("sha256").update(model).update(values).digest("hex"),
    format: kind === "onnx" ? "ONNX" : "TensorFlow.js graph model",
    ...{ parameters, metadata, engine: identity, alignment },
    ...usualTiles,
  };
}

/** `info` as lines of text, a fact each. Control characters of the file are replaced. */
export function netInfoLines(info: NetInfo): string[] {
  const rows = netInfoRows(info);
  const column = Math.max(...rows.map(([label]) => label.length)) + 2;
  return rows.map(([label, text]) => visible(`${label.padEnd(column)}${text}`));
}

/** `info` as pairs of a label and a text. */
export function netInfoRows({
  metadata,
  engine,
  ...info
}: NetInfo): readonly (readonly [string, string])[] {
  return [
    ["file", info.path],
    ["format", info.format],
    ["takes", engine.net ?? ""],
    ["parameters", info.parameters.toLocaleString("en")],
    ["engine", `${engine.engine} (${engine.version})`],
    ["tile", `${info.tile} pixels, halo ${info.halo}, both multiples of ${info.alignment}`],
    ["sha-256", info.sha256],
    ...Object.entries(metadata).map(([name, value]) => [name, JSON.stringify(value)] as const),
  ];
}
