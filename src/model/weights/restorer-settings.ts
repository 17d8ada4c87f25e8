/** Recognises a restorer by the names of its tensors, and derives its sizes from their shapes. */
import { WeightsError } from "../../errors.ts";
import type { MprNetSizes, NetConfig } from "../config.ts";

/** Tensors by name; sizes follow from shapes alone. */
export type Shapes = ReadonlyMap<string, { readonly shape: readonly number[] }>;

/** Upper limits for any net; a graph is built from these counts before shapes are compared. */
const maxLevels = 8;
const maxBlocks = 256;

type RestorerSettings = Pick<
  NetConfig,
  "restorer" | "width" | "encoderBlocks" | "middleBlocks" | "decoderBlocks" | "mprnet"
>;

/** A tensor that only a MIMO-UNet, or only an MPRNet, has. */
const ofMimoUnet = "feat_extract.0.main.0.weight";
const ofMprNet = "shallow_feat1.0.weight";

/** @throws WeightsError if the restorer is unknown, or lacks a tensor that its sizes follow from */
export function restorerSettingsOf(weights: Shapes): RestorerSettings {
  if (weights.has(ofMimoUnet)) return mimoUnetOf(weights);
  if (weights.has(ofMprNet)) return mprNetOf(weights);
  return {
    width: channelsOf(weights, "intro.weight", 4),
    encoderBlocks: blocksOf(weights, "encoders"),
    middleBlocks: countOf(weights, "middle_blks", maxBlocks),
    decoderBlocks: blocksOf(weights, "decoders"),
  };
}

function mimoUnetOf(weights: Shapes): RestorerSettings {
  const width = channelsOf(weights, ofMimoUnet, 4);
  if (width % 2 !== 0) {
    throw new WeightsError(`expected a MIMO-UNet of an even width but ${ofMimoUnet} has ${width}`);
  }
  const blocks = (coder: string) =>
    [0, 1, 2].map((level) => countOf(weights, `${coder}.${level}.layers`, maxBlocks));
  return {
    restorer: "mimo-unet",
    width,
    encoderBlocks: blocks("Encoder"),
    middleBlocks: 0,
    decoderBlocks: blocks("Decoder"),
  };
}

/** The encoders and decoders of an MPRNet have two blocks at each of three levels. */
export const mprNetBlocks: Pick<NetConfig, "encoderBlocks" | "middleBlocks" | "decoderBlocks"> = {
  encoderBlocks: [2, 2, 2],
  middleBlocks: 0,
  decoderBlocks: [2, 2, 2],
};

function mprNetOf(weights: Shapes): RestorerSettings {
  const width = channelsOf(weights, ofMprNet, 4);
  const squeezed = channelsOf(weights, "shallow_feat1.1.CA.conv_du.0.weight", 4);
  const sizes: MprNetSizes = {
    growth: channelsOf(weights, "stage1_encoder.down12.down.1.weight", 4) - width,
    extraWidth: channelsOf(weights, "concat23.weight", 4) - width,
    // The last of a group is a conv.
    groupBlocks: countOf(weights, "stage3_orsnet.orb1.body", maxBlocks) - 1,
    reduction: width / squeezed,
  };
  const odd = Object.entries(sizes).find(
    ([, size], i) => !Number.isInteger(size) || size < (i < 2 ? 0 : 1),
  );
  if (!odd) return { restorer: "mprnet", width, ...mprNetBlocks, mprnet: sizes };
  throw new WeightsError(`expected sizes of an MPRNet but found ${odd[0]} ${odd[1]}`);
}

/** The first size of a required tensor with `rank` sizes. */
export function channelsOf(weights: Shapes, name: string, rank: number): number {
  const shape = weights.get(name)?.shape;
  if (!shape) throw new WeightsError(`${unknown}: tensor ${name} is missing`);
  const [channels = 0] = shape;
  if (shape.length === rank && !shape.includes(0)) return channels;
  throw new WeightsError(`${unknown}: expected ${name} to have ${rank} sizes but found [${shape}]`);
}

const unknown = "not weights of a UFPNet, NAFNet, MIMO-UNet or MPRNet";

/** Number of blocks of each level: `encoders.0.0` … */
function blocksOf(weights: Shapes, prefix: string): number[] {
  return Array.from({ length: countOf(weights, prefix, maxLevels) }, (_, level) =>
    countOf(weights, `${prefix}.${level}`, maxBlocks),
  );
}

/** Number of `prefix.0`, `prefix.1`, …, without gaps. */
function countOf(weights: Shapes, prefix: string, most: number): number {
  const found = new Set<string>();
  for (const name of weights.keys()) {
    if (name.startsWith(`${prefix}.`)) found.add(name.slice(prefix.length + 1).split(".")[0] ?? "");
  }
  const count = found.size;
  const missing = Array.from({ length: Math.min(count, most) }, (_, i) => `${i}`).find(
    (index) => !found.has(index),
  );
  if (missing === undefined && count >= 1 && count <= most) return count;
  const problem =
    missing === undefined
      ? `expected 1 to ${most} of ${prefix} but found ${count}`
      : `${prefix}.${missing} is missing`;
  throw new WeightsError(`${unknown}: ${problem}`);
}
