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
  gelu,
  globalPool,
  layerNorm,
  localPool,
  multiply,
  pixelShuffle,
  scaleChannels,
  sigmoid,
  split,
  upsample,
} from "../graph/build.ts";
import { windowStride } from "../graph/dft.ts";
import type { Value } from "../graph/graph.ts";

const epsilon = 1e-6;

/** Average pooling of the channel attention. */
type Pool = (x: Value) => Value;

/** The pooling of TLC (Chu et al., ECCV 2022): a window of 1.5 training patches, scaled to the level's resolution. */
function poolOf(pooling: Pooling, trainPatch: number): Pool {
  if (pooling === "global") return globalPool;
  const base = Math.floor(1.5 * trainPatch);
  return (x) => {
    const feature = Math.floor(trainPatch / Number(x.scale));
    return localPool(x, Math.max(1, Math.floor((feature * base) / trainPatch)));
  };
}

/** Simple gate: one half of the channels times the other. */
function gate(x: Value): Value {
  const [a, b] = split(x);
  return multiply(a, b);
}

/** One NAFNet block; its residual adds the block's input, not the attended features. */
function nafBlock(x: Value, name: string, pool: Pool, kernels?: Value): Value {
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
      field = conv(attended, `kernel_down.${i}`, attended.channels, { side: 2, stride: 2 });
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

/**
 * KAM, the kernel attention module (paper §3.3): A·f + x with A = sigmoid(conv([f, g])).
 * @param x features [c, h, w]
 * @param kernels field [k², h/r, w/r]; its features g are upsampled if r > 1: linearly from
 *   cells of 16 pixels, whose edges would show, otherwise nearest
 * @returns [c, h, w]
 */
function kernelAttention(x: Value, kernels: Value, name: string): Value {
  const c = x.channels;
  const f = gelu(conv(x, `${name}.conv_1.0`, c)); //                    [c, h, w]
  let g = gelu(conv(kernels, `${name}.conv_kernel.0`, c)); //           [c, h/r, w/r]
  g = gelu(conv(g, `${name}.conv_kernel.2`, c));
  const mode = kernels.scale === windowStride ? "linear" : "nearest";
  g = upsample(g, Number(kernels.scale) / Number(x.scale), mode); //    [c, h, w]
  const attention = sigmoid(conv(concat(f, g), `${name}.conv_2.0`, c)); // [c, h, w]
  return add(multiply(attention, f), x);
}
