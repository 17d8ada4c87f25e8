/**
 * Builds MPRNet for deblurring (Zamir et al., "Multi-stage progressive image restoration", CVPR 2021): two U-Nets, on
 * quarters and on halves of the image, then a net at full resolution. With a kernel field, kernel attention (UFPNet
 * §3.3, Table 6) is in front of each encoder level of the first two stages.
 */
import type { MprNetSizes, NetConfig } from "../config.ts";
import type { Pooling } from "../engine.ts";
import { add, concat, cut, join } from "../graph/build.ts";
import type { Value } from "../graph/graph.ts";
import { fieldPyramid, kernelAttention } from "./kernel-attention.ts";
import {
  attentionBlock,
  attentionBlocks,
  type ChannelAttention,
  coarser,
  finer,
  narrow,
  supervise,
  wide,
} from "./mprnet-blocks.ts";
import { poolOf } from "./pooling.ts";

/** The images of the three stages, and intermediate values for comparison, joined where they were cut. */
export interface MprNet {
  /** Of the third stage, to be added to the image: [3, h, w]. */
  readonly residual: Value;
  /** The first two stages' images, not clamped: [3, h, w] each. */
  readonly stages: readonly [Value, Value];
  readonly features: Readonly<Record<string, Value>>;
}

/** Maps at full, half and quarter resolution. */
type Levels = readonly [Value, Value, Value];

/** Blocks of each level. */
const levelBlocks = 2;

const each = (levels: Levels, change: (x: Value, i: number) => Value): Levels =>
  levels.map(change) as [Value, Value, Value];

/** What an encoder reads beside the features. */
interface Beside {
  /** The kernel field at each level. */
  readonly fields: Levels | undefined;
  /** The first stage's encoder and decoder, for the second stage's. */
  readonly before?: { readonly encoder: Levels; readonly decoder: Levels };
}

/**
 * @param image [3, h, w], 0..1, sides multiples of 8
 * @param kernels field [k², h/s, w/s]; undefined: the net as published
 */
export function mprNet(
  image: Value,
  kernels: Value | undefined,
  config: NetConfig,
  pooling: Pooling,
): MprNet {
  const { width: f, trainPatch } = config;
  const { growth, extraWidth, groupBlocks, reduction } = config.mprnet as MprNetSizes;
  const of: ChannelAttention = { pool: poolOf(pooling, trainPatch), reduction };
  const widths = [f, f + growth, f + 2 * growth] as const;
  const features: Record<string, Value> = {};
  const shallow = (x: Value, stage: number): Value =>
    attentionBlock(wide(x, `shallow_feat${stage}.0`, f), `shallow_feat${stage}.1`, of);

  const encode = (x: Value, stage: 1 | 2, { fields, before }: Beside): Levels => {
    const name = `stage${stage}_encoder`;
    const level = (input: Value, i: number): Value => {
      const field = fields?.[i];
      const y = field ? kernelAttention(input, field, `${name}.kernel_atttion.${i}`) : input;
      if (field) features[`stage${stage}.kam${i}`] = y;
      const own = attentionBlocks(y, `${name}.encoder_level${i + 1}`, levelBlocks, of);
      if (i === 0 && before) features["stage2.level1_before_csff"] = own;
      if (!before) return own;
      const encoder = narrow(before.encoder[i] as Value, `${name}.csff_enc${i + 1}`);
      return add(add(own, encoder), narrow(before.decoder[i] as Value, `${name}.csff_dec${i + 1}`));
    };
    const e1 = level(x, 0);
    const down12 = coarser(e1, `${name}.down12`, widths[1]);
    if (stage === 1) features["stage1.down12"] = down12;
    const e2 = level(down12, 1);
    const e3 = level(coarser(e2, `${name}.down23`, widths[2]), 2);
    return [e1, e2, e3];
  };

  const decode = ([e1, e2, e3]: Levels, stage: 1 | 2): Levels => {
    const name = `stage${stage}_decoder`;
    const level = (x: Value, i: number): Value =>
      attentionBlocks(x, `${name}.decoder_level${i}`, levelBlocks, of);
    const d3 = level(e3, 3);
    const skip2 = attentionBlock(e2, `${name}.skip_attn2`, of);
    const d2 = level(add(finer(d3, `${name}.up32`, widths[1]), skip2), 2);
    const skip1 = attentionBlock(e1, `${name}.skip_attn1`, of);
    if (stage === 2) features["stage2.skip_attn1"] = skip1;
    const d1 = level(add(finer(d2, `${name}.up21`, f), skip1), 1);
    return [d1, d2, d3];
  };

  // Padding and pooling end where an image is cut.
  const halves = cut(image, "y");
  const fields = kernels && (fieldPyramid(kernels, 3) as unknown as Levels);
  const fieldHalves = fields && each(fields, (field) => cut(field, "y"));
  const fieldQuarters = fieldHalves && each(fieldHalves, (field) => cut(field, "x"));

  const shallow1 = shallow(cut(halves, "x"), 1);
  const quarters = encode(shallow1, 1, { fields: fieldQuarters });
  const encoder1 = each(quarters, (level) => join(level, "x"));
  const decoder1 = decode(encoder1, 1);
  const sam1 = supervise(decoder1[0], halves, "sam12");

  const shallow2 = shallow(halves, 2);
  const concat12 = wide(concat(shallow2, sam1.features), "concat12", f);
  const before = { encoder: encoder1, decoder: decoder1 };
  const encoder2 = each(encode(concat12, 2, { fields: fieldHalves, before }), (level) =>
    join(level, "y"),
  );
  const decoder2 = decode(encoder2, 2);
  const sam2 = supervise(decoder2[0], image, "sam23");

  const c = f + extraWidth;
  const concat23 = wide(concat(shallow(image, 3), sam2.features), "concat23", c);
  const name = "stage3_orsnet";
  /** The second stage's level i at full resolution and the width of the third. */
  const sideways = (levels: Levels, kind: "enc" | "dec", i: 0 | 1 | 2): Value => {
    let x = levels[i];
    if (i === 2) x = finer(x, `${name}.up_${kind}2.0`, widths[1]);
    if (i > 0) x = finer(x, `${name}.up_${kind}${i}${i === 2 ? ".1" : ""}`, f);
    if (kind === "enc" && i === 2) features["stage3.up_enc2"] = x;
    return narrow(x, `${name}.conv_${kind}${i + 1}`, c);
  };
  let x = concat23;
  for (const i of [0, 1, 2] as const) {
    const group = `${name}.orb${i + 1}.body`;
    x = add(x, wide(attentionBlocks(x, group, groupBlocks, of), `${group}.${groupBlocks}`));
    features[`stage3.orb${i + 1}`] = x;
    x = add(add(x, sideways(encoder2, "enc", i)), sideways(decoder2, "dec", i));
  }
  const residual = wide(x, "tail", 3);
  const levelsOf = (stage: number, kind: string, levels: Levels) => {
    for (const [i, level] of levels.entries()) features[`stage${stage}.${kind}${i + 1}`] = level;
  };
  levelsOf(1, "enc", encoder1);
  levelsOf(1, "dec", decoder1);
  levelsOf(2, "enc", encoder2);
  levelsOf(2, "dec", decoder2);
  const more = { shallow: shallow1, sam: sam1.features };
  for (const [key, value] of Object.entries(more)) features[`stage1.${key}`] = value;
  Object.assign(features, {
    "stage2.shallow": shallow2,
    "stage2.sam": sam2.features,
    "stage2.concat12": concat12,
    "stage3.concat23": concat23,
    "stage3.tail": residual,
  });
  return {
    residual,
    stages: [join(sam1.image, "y"), sam2.image],
    features: Object.fromEntries(Object.entries(features).map(([key, v]) => [key, whole(v)])),
  };
}

/** The map of the whole image, joined from its patches. */
function whole(x: Value): Value {
  if (x.patches === undefined) return x;
  return whole(join(x, x.patches.columns > 1 ? "x" : "y"));
}
