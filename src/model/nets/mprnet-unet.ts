/** Builds the U-Net of MPRNet's first two stages, as an encoder and a decoder, which see different patches. */
import { add } from "../graph/build.ts";
import type { Value } from "../graph/graph.ts";
import { kernelAttention } from "./kernel-attention.ts";
import {
  attentionBlock,
  attentionBlocks,
  type ChannelAttention,
  coarser,
  finer,
  narrow,
} from "./mprnet-blocks.ts";

/** Maps at full, half and quarter resolution. */
export type Levels = readonly [Value, Value, Value];

/** What an encoder and a decoder made. */
export interface UnetLevels {
  readonly encoder: Levels;
  readonly decoder: Levels;
}

/** What all encoders and decoders of a net share. */
export interface UnetSizes {
  /** Channels of the levels. */
  readonly widths: readonly [number, number, number];
  readonly attention: ChannelAttention;
  /** Records an intermediate value, and returns it. */
  see(name: string, value: Value): Value;
}

/** Blocks of each level. */
const levelBlocks = 2;

export const eachLevel = (levels: Levels, change: (x: Value) => Value): Levels => {
  const [full, half, quarter] = levels;
  return [change(full), change(half), change(quarter)];
};

/**
 * The encoder of a stage.
 * @param x [f, h, w]
 * @param fields the kernel field at each level, cut like x; undefined: without kernel attention
 * @param before the first stage's levels, cut like x, which those of the second stage are added to (CSFF)
 */
export function encodeLevels(
  x: Value,
  stage: 1 | 2,
  { widths, attention, see }: UnetSizes,
  fields?: Levels,
  before?: UnetLevels,
): Levels {
  const name = `stage${stage}_encoder`;
  const level = (input: Value, i: 0 | 1 | 2): Value => {
    const field = fields?.[i];
    const attended = field
      ? see(`stage${stage}.kam${i}`, kernelAttention(input, field, `${name}.kernel_atttion.${i}`))
      : input;
    const own = attentionBlocks(attended, `${name}.encoder_level${i + 1}`, levelBlocks, attention);
    if (!before) return own;
    if (i === 0) see("stage2.level1_before_csff", own);
    const encoded = narrow(before.encoder[i], `${name}.csff_enc${i + 1}`);
    const decoded = narrow(before.decoder[i], `${name}.csff_dec${i + 1}`);
    return add(add(own, encoded), decoded);
  };
  const e1 = level(x, 0);
  const down12 = see(`stage${stage}.down12`, coarser(e1, `${name}.down12`, widths[1]));
  const e2 = level(down12, 1);
  const e3 = level(coarser(e2, `${name}.down23`, widths[2]), 2);
  return [e1, e2, e3];
}

/** The decoder of a stage. */
export function decodeLevels(
  [e1, e2, e3]: Levels,
  stage: 1 | 2,
  { widths, attention, see }: UnetSizes,
): Levels {
  const name = `stage${stage}_decoder`;
  const level = (x: Value, i: 1 | 2 | 3): Value =>
    attentionBlocks(x, `${name}.decoder_level${i}`, levelBlocks, attention);
  const d3 = level(e3, 3);
  const skip2 = attentionBlock(e2, `${name}.skip_attn2`, attention);
  const d2 = level(add(finer(d3, `${name}.up32`, widths[1]), skip2), 2);
  const skip1 = attentionBlock(e1, `${name}.skip_attn1`, attention);
  see(`stage${stage}.skip_attn1`, skip1);
  const d1 = level(add(finer(d2, `${name}.up21`, widths[0]), skip1), 1);
  return [d1, d2, d3];
}
