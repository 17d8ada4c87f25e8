/**
 * Builds NAFNet (Chen et al., ECCV 2022) with kernel attention (`kernel_atttion`, spelt so in checkpoints) in the
 * encoders that have one block (UFPNet §3.3). Image and kernel field give the residual to add to the image.
 */
import type { NetConfig } from "../config.ts";
import type { Pooling } from "../engine.ts";
import {
  add,
  concat,
  conv,
  layerNorm,
  multiply,
  pixelShuffle,
  scaleChannels,
  split,
} from "../graph/build.ts";
import type { Value } from "../graph/graph.ts";
import { kernelAttention, reduceField } from "./kernel-attention.ts";
import { type AveragePool, poolOf } from "./pooling.ts";

const epsilon = 1e-6;

/** Simple gate: one half of the channels times the other. */
function gate(x: Value): Value {
  const [a, b] = split(x);
  return multiply(a, b);
}

/** One NAFNet block; its residual adds the block's input, not the attended features. */
function nafBlock(x: Value, name: string, pool: AveragePool, kernels?: Value): Value {
  const c = x.channels;
  const attended = kernels ? kernelAttention(x, kernels, `${name}.kernel_atttion`) : x;

  let a = layerNorm(attended, `${name}.norm1`, epsilon); //          [c, h, w]
  a = conv(a, `${name}.conv1`, 2 * c, { side: 1 }); //               [2c, h, w]
  a = gate(conv(a, `${name}.conv2`, 2 * c, { depthwise: true })); // [c, h, w]
  a = multiply(a, conv(pool(a), `${name}.sca.1`, c, { side: 1 }));
  a = conv(a, `${name}.conv3`, c, { side: 1 });
  const y = add(x, scaleChannels(a, `${name}.beta`, [1, c, 1, 1]));

  let f = layerNorm(y, `${name}.norm2`, epsilon);
  f = gate(conv(f, `${name}.conv4`, 2 * c, { side: 1 }));
  f = conv(f, `${name}.conv5`, c, { side: 1 });
  return add(y, scaleChannels(f, `${name}.gamma`, [1, c, 1, 1]));
}

/** A restorer's output, and intermediate values for comparison. */
export interface Restorer {
  /** The residual to add to the image, not clamped: [3, h, w]. */
  readonly residual: Value;
  /** After each encoder, before downsampling: [width·2^i, h/2^i, w/2^i]. */
  readonly features: readonly Value[];
  /** The field after each reduction. */
  readonly reducedKernels: readonly Value[];
}

/**
 * @param image [3, h, w], 0..1, sides multiples of 2^levels
 * @param kernels field [k², h/s, w/s]; undefined: the plain NAFNet
 * @param change deconvolved minus blurry [3, h, w]; intro sees it beside the image, and the learnt share `mix` of it
 *   is added to the residual
 */
export function nafNet(
  image: Value,
  kernels: Value | undefined,
  config: NetConfig,
  pooling: Pooling,
  change?: Value,
): Restorer {
  const { encoderBlocks, middleBlocks, decoderBlocks, width, kernelStride } = config;
  const pool = poolOf(pooling, config.trainPatch);
  const features: Value[] = [];
  const reducedKernels: Value[] = [];
  let field = kernels;
  let x = conv(change ? concat(image, change) : image, "intro", width); //  [width, h, w]

  for (const [i, count] of encoderBlocks.entries()) {
    const attended = count === 1 ? field : undefined;
    for (let j = 0; j < count; j++) x = nafBlock(x, `encoders.${i}.${j}`, pool, attended);
    // The field is halved with the features as soon as they are as coarse as the field.
    if (attended && encoderBlocks[i + 1] === 1 && 2 ** i >= kernelStride) {
      field = reduceField(attended, i);
      reducedKernels.push(field);
    }
    features.push(x);
    x = conv(x, `downs.${i}`, 2 * x.channels, { side: 2, stride: 2 }); //   [2c, h/2, w/2]
  }

  for (let j = 0; j < middleBlocks; j++) x = nafBlock(x, `middle_blks.${j}`, pool);

  for (const [i, count] of decoderBlocks.entries()) {
    x = pixelShuffle(conv(x, `ups.${i}.0`, 2 * x.channels, { side: 1, bias: false })); // [c/2, 2h, 2w]
    x = add(x, features[features.length - 1 - i] as Value);
    for (let j = 0; j < count; j++) x = nafBlock(x, `decoders.${i}.${j}`, pool);
  }
  const ending = conv(x, "ending", 3);
  const residual = change ? add(ending, scaleChannels(change, "mix", [1, 3, 1, 1])) : ending;
  return { residual, features, reducedKernels };
}
