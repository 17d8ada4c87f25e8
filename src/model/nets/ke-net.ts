/**
 * Builds KE-Net (paper §3.2; `kernel_extra` in checkpoints): a latent code and its uncertainty for every cell of
 * the kernel field. It is an encoder–decoder of 3×3 convs; with kernel stride 2 or 4 the decoder ends early.
 */
import { kernelSourceOf, type NetConfig } from "../config.ts";
import {
  add,
  affine,
  concat,
  conv,
  meanChannels,
  relu,
  sigmoid,
  softmax,
  upconv,
} from "../graph/build.ts";
import type { Value } from "../graph/graph.ts";

const root = "kernel_extra";

/** x + conv(relu(conv(relu(x)))) */
function resBlock(x: Value, name: string): Value {
  const inner = conv(relu(x), `${name}.body.1`, x.channels);
  return add(conv(relu(inner), `${name}.body.3`, x.channels), x);
}

/** Conv_head → two ResBlocks → relu, the body that encoders and decoders share. */
function body(x: Value, name: string, channels: number): Value {
  const head = conv(x, `${name}.Conv_head`, channels);
  return relu(resBlock(resBlock(head, `${name}.ResBlock1`), `${name}.ResBlock2`));
}

function encode(x: Value, name: string, channels: number): { skip: Value; down: Value } {
  const skip = body(x, name, channels);
  return { skip, down: conv(skip, `${name}.downsample`, channels, { stride: 2 }) };
}

function decode(x: Value, name: string, skip: Value): Value {
  const up = upconv(x, `${name}.Conv_t`, skip.channels);
  return body(concat(up, skip), name, skip.channels);
}

/**
 * @param image [3, h, w], 0..1, sides multiples of 4
 * @returns code [k², h/s, w/s], softmax over channels, and σ [1, h/s, w/s] in (0, 1); σ is 0 for a net without
 *   uncertainty
 */
export function keNet(image: Value, config: NetConfig): { code: Value; sigma: Value } {
  const { keBase: b, kernelStride: stride, kernelSize: k } = config;
  const first = encode(image, `${root}.Encoding_Block1`, b); //        skip [b, h, w]
  const second = encode(first.down, `${root}.Encoding_Block2`, 2 * b); // skip [2b, h/2, w/2]
  let x = second.down; //                                                   [2b, h/4, w/4]
  for (const layer of [0, 2, 4, 6, 8]) x = relu(conv(x, `${root}.Conv_mid.body.${layer}`, 4 * b));
  if (stride <= 2) x = decode(x, `${root}.Decoding_Block1`, second.skip); //  [2b, h/2, w/2]
  if (stride === 1) x = decode(x, `${root}.Decoding_Block2`, first.skip); //  [b, h, w]

  const tail = (name: string) => {
    const hidden = relu(conv(x, `${root}.Conv_tail.${name}.0`, x.channels));
    return conv(hidden, `${root}.Conv_tail.${name}.2`, k * k);
  };
  const code = softmax(tail("mean"));
  const uncertain = kernelSourceOf(config) === "uncertain-flow";
  const sigma = uncertain ? meanChannels(sigmoid(tail("var"))) : affine(meanChannels(code), 0, 0);
  return { code, sigma };
}
