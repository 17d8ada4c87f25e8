/**
 * Builds MPRNet for deblurring (Zamir et al., "Multi-stage progressive image restoration", CVPR 2021): two U-Nets, on
 * quarters and on halves of the image, then a net at full resolution. With a kernel field, kernel attention (UFPNet
 * §3.3, Table 6) is in front of each encoder level of the first two stages.
 */
import type { MprNetSizes, NetConfig } from "../config.ts";
import type { Pooling } from "../engine.ts";
import { concat, cut, join } from "../graph/build.ts";
import type { Value } from "../graph/graph.ts";
import { fieldPyramid } from "./kernel-attention.ts";
import { attentionBlock, supervise, wide } from "./mprnet-blocks.ts";
import { fullResolution } from "./mprnet-full-resolution.ts";
import {
  decodeLevels,
  eachLevel,
  encodeLevels,
  type Levels,
  type UnetSizes,
} from "./mprnet-unet.ts";
import { poolOf } from "./pooling.ts";

/** The images of the three stages, and intermediate values for comparison, joined where they were cut. */
export interface MprNet {
  /** Of the third stage, to be added to the image: [3, h, w]. */
  readonly residual: Value;
  /** The first two stages' images, not clamped: [3, h, w] each. */
  readonly stages: readonly [Value, Value];
  readonly features: Readonly<Record<string, Value>>;
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
  const attention = { pool: poolOf(pooling, trainPatch), reduction };
  const features: Record<string, Value> = {};
  const see = (name: string, value: Value): Value => {
    features[name] = whole(value);
    return value;
  };
  const sizes: UnetSizes = { widths: [f, f + growth, f + 2 * growth], attention, see };
  const shallow = (x: Value, stage: 1 | 2 | 3): Value =>
    attentionBlock(wide(x, `shallow_feat${stage}.0`, f), `shallow_feat${stage}.1`, attention);

  // Padding and pooling end where an image is cut.
  const halves = cut(image, "y");
  const fields = kernels && (fieldPyramid(kernels, 3) as unknown as Levels);
  const fieldHalves = fields && eachLevel(fields, (field) => cut(field, "y"));
  const fieldQuarters = fieldHalves && eachLevel(fieldHalves, (field) => cut(field, "x"));

  const shallow1 = see("stage1.shallow", shallow(cut(halves, "x"), 1));
  const quarters = encodeLevels(shallow1, 1, sizes, fieldQuarters);
  const encoder1 = eachLevel(quarters, (level) => join(level, "x"));
  const decoder1 = decodeLevels(encoder1, 1, sizes);
  const sam1 = supervise(decoder1[0], halves, "sam12");
  see("stage1.sam", sam1.features);

  const shallow2 = see("stage2.shallow", shallow(halves, 2));
  const concat12 = see("stage2.concat12", wide(concat(shallow2, sam1.features), "concat12", f));
  const before = { encoder: encoder1, decoder: decoder1 };
  const encodedHalves = encodeLevels(concat12, 2, sizes, fieldHalves, before);
  const encoder2 = eachLevel(encodedHalves, (level) => join(level, "y"));
  const decoder2 = decodeLevels(encoder2, 2, sizes);
  const sam2 = supervise(decoder2[0], image, "sam23");
  see("stage2.sam", sam2.features);

  const stage2 = { encoder: encoder2, decoder: decoder2 };
  const both = concat(shallow(image, 3), sam2.features);
  const concat23 = see("stage3.concat23", wide(both, "concat23", f + extraWidth));
  const third = fullResolution(concat23, stage2, groupBlocks, sizes);
  const residual = see("stage3.tail", wide(third, "tail", 3));
  for (const [stage, levels] of Object.entries({ stage1: before, stage2 })) {
    for (const i of [0, 1, 2] as const) {
      see(`${stage}.enc${i + 1}`, levels.encoder[i]);
      see(`${stage}.dec${i + 1}`, levels.decoder[i]);
    }
  }
  return { residual, stages: [whole(sam1.image), sam2.image], features };
}

/** The map of the whole image, joined from its patches. */
function whole(x: Value): Value {
  if (x.patches === undefined) return x;
  return whole(join(x, x.patches.columns > 1 ? "x" : "y"));
}
