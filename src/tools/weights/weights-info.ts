/** Describes a file of weights, as data and as lines of text. */
import { createHash } from "node:crypto";
import { type NetConfig, type PresetName, presetOf } from "../../model/config.ts";
import { countMacs } from "../../model/graph/costs.ts";
import type { Graph } from "../../model/graph/graph.ts";
import { type NetTiles, netTilesOf } from "../../model/net-tiles.ts";
import { buildNet, type Net } from "../../model/nets/build-net.ts";
import { netNameOf } from "../../model/restorer-sizes.ts";
import { countParameters, type ParameterCounts } from "../../model/weights/count-parameters.ts";
import type { Dtype } from "../../model/weights/floats.ts";
import { withoutPreluCopies } from "../../model/weights/shared-prelu.ts";
import { inFile, loadWeights } from "../../pipeline/engines/load-weights.ts";
import { tileDefaults } from "../../pipeline/options/tile-defaults.ts";
import { visible } from "../../text/words.ts";

export interface WeightsInfo {
  readonly path: string;
  /** Of the file, hex. */
  readonly sha256: string;
  /** The published name of the net. */
  readonly net: string;
  /** undefined: no preset has this net. */
  readonly preset: PresetName | undefined;
  readonly config: NetConfig;
  readonly parameters: ParameterCounts;
  /** Multiply–accumulates for an image of 256×256 pixels. */
  readonly macs: MacCounts;
  /** How the net takes an image in tiles, pooling as by default. */
  readonly tiles: NetTiles;
  /** Tensors stored in each format. */
  readonly dtypes: Readonly<Partial<Record<Dtype, number>>>;
  /** How the weights were trained: the metadata's field `card`. */
  readonly card: Readonly<Record<string, string>>;
}

interface MacCounts {
  readonly total: number;
  readonly kernelEstimator: number;
  readonly flow: number;
  /** 0 for a net without. */
  readonly deconvolution: number;
  /** NAFNet with its kernel attention and the field's reductions. */
  readonly restorer: number;
}

/**
 * Reads the weights at `path` (safetensors or .pth) and checks them against the net they describe.
 * @throws NoInputError, IoError, WeightsError
 */
export async function weightsInfo(path: string): Promise<WeightsInfo> {
  const weights = await loadWeights(path);
  const { config, graphs } = inFile(path, () => buildNet(weights, "global"));
  const dtypes: Partial<Record<Dtype, number>> = {};
  for (const dtype of weights.dtypes.values()) dtypes[dtype] = (dtypes[dtype] ?? 0) + 1;
  return {
    path,
    sha256: createHash("sha256").update(weights.bytes).digest("hex"),
    net: netNameOf(config),
    preset: presetOf(config),
    config,
    parameters: countParameters(withoutPreluCopies(weights.tensors)),
    macs: macsOf(graphs),
    tiles: netTilesOf(config, "tlc"),
    dtypes,
    card: readCard(weights.metadata["card"]),
  };
}

function macsOf(graphs: Net["graphs"]): MacCounts {
  const count = (graph: Graph = {}) => countMacs(graph, 256, 256);
  const kernelEstimator = count(graphs["estimate-kernels"]);
  const flow = count(graphs["decode-flow"]);
  const deconvolution = count(graphs.deconvolve);
  const restorer = count(graphs.restore);
  const total = kernelEstimator + flow + deconvolution + restorer;
  return { total, kernelEstimator, flow, deconvolution, restorer };
}

/** A JSON object's fields, or the text itself. */
function readCard(text: string | undefined): Record<string, string> {
  if (text === undefined) return {};
  let card: unknown = text;
  try {
    card = JSON.parse(text);
  } catch {
    // A card of plain text.
  }
  if (typeof card !== "object" || card === null || Array.isArray(card)) return { card: text };
  return Object.fromEntries(
    Object.entries(card).map(([field, value]) => [
      field,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

/** `info` as lines of text, a fact each. Control characters of the file are replaced. */
export function weightsInfoLines(info: WeightsInfo): string[] {
  const rows = weightsInfoRows(info);
  const column = Math.max(...rows.map(([label]) => label.length)) + 2;
  return rows.map(([label, text]) => visible(`${label.padEnd(column)}${text}`));
}

/** `info` as pairs of a label and a text. */
export function weightsInfoRows(info: WeightsInfo): readonly (readonly [string, string])[] {
  const { config, parameters, macs } = info;
  const stored = Object.entries(info.dtypes).map(([dtype, count]) => `${dtype} (${count} tensors)`);
  return [
    ["file", info.path],
    ["preset", info.preset ?? "none"],
    ["net", `${info.net}: ${sizesText(config)}`],
    [
      "kernels",
      config.kernelSize === 0
        ? "none"
        : `${config.kernelSize}×${config.kernelSize}, one for ${config.kernelStride}×${config.kernelStride} pixels`,
    ],
    ["train patch", `${config.trainPatch} pixels`],
    [
      "parameters",
      partsText(
        parameters.total,
        { "KE-Net": parameters.kernelEstimator, flow: parameters.flow },
        parameters.restorer,
        millions,
      ),
    ],
    [
      "at 256×256",
      partsText(
        macs.total,
        {
          "KE-Net": macs.kernelEstimator,
          flow: macs.flow,
          deconvolution: macs.deconvolution,
        },
        macs.restorer,
        billions,
        " multiply–accumulates",
      ),
    ],
    ["tiles", tilesText(info.tiles)],
    ["stored as", stored.join(", ")],
    ["sha-256", info.sha256],
    ...Object.entries(info.card),
  ];
}

function tilesText({ multiple, usual, dependsOnTile }: NetTiles): string {
  const { tile, halo } = usual ?? tileDefaults;
  const sides = `${tile} pixels, halo ${halo}, multiples of ${multiple}`;
  return dependsOnTile
    ? `${sides}; results depend on the tile, which the net cuts and pools over`
    : sides;
}

/** The restorer's sizes, and KE-Net's if it has one. */
function sizesText(config: NetConfig): string {
  const { width, keBase, keFeatures, encoderBlocks, middleBlocks, decoderBlocks, mprnet } = config;
  const kernels =
    keBase === 0 ? "" : `, KE base ${keBase}${keFeatures === "spectra" ? " on spectra" : ""}`;
  if (mprnet) {
    const { growth, extraWidth, groupBlocks, reduction } = mprnet;
    return `width ${width} + ${growth} a level, + ${extraWidth} in stage 3${kernels}, ${groupBlocks} blocks a group, reduction ${reduction}`;
  }
  const middle = middleBlocks === 0 ? "" : `, middle ${middleBlocks}`;
  return `width ${width}${kernels}, encoders [${encoderBlocks}]${middle}, decoders [${decoderBlocks}]`;
}

/** A sum and its parts that are not 0; the sum alone if the restorer is all of it. */
function partsText(
  total: number,
  before: Readonly<Record<string, number>>,
  restorer: number,
  text: (count: number) => string,
  unit = "",
): string {
  if (total === restorer) return `${text(total)}${unit}`;
  const parts = Object.entries({ ...before, restorer }).filter(([, count]) => count > 0);
  return `${text(total)}${unit}: ${parts.map(([name, count]) => `${name} ${text(count)}`).join(", ")}`;
}

function millions(count: number): string {
  return `${(count / 1e6).toFixed(count < 1e6 ? 3 : 2)} M`;
}

function billions(count: number): string {
  return `${(count / 1e9).toFixed(count < 1e9 ? 3 : 2)} G`;
}
