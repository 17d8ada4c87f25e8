/** Builds the parts of MPRNet (Zamir et al., CVPR 2021); none of its convs has a bias. */
import { add, conv, halve, multiply, prelu, relu, sigmoid, upsample } from "../graph/build.ts";
import type { Value } from "../graph/graph.ts";
import { sharedPrelu } from "../weights/shared-prelu.ts";
import type { AveragePool } from "./pooling.ts";

/** The channel attention of all blocks of a net. */
export interface ChannelAttention {
  readonly pool: AveragePool;
  readonly reduction: number;
}

/** 3×3 without bias. */
export const wide = (x: Value, name: string, out: number = x.channels): Value =>
  conv(x, name, out, { bias: false });
/** 1×1 without bias. */
export const narrow = (x: Value, name: string, out: number = x.channels): Value =>
  conv(x, name, out, { side: 1, bias: false });

/** A channel attention block (CAB): x plus its filtered channels, each weighed by the map's means. */
export function attentionBlock(
  x: Value,
  name: string,
  { pool, reduction }: ChannelAttention,
): Value {
  const inner = prelu(wide(x, `${name}.body.0`), sharedPrelu);
  const y = wide(inner, `${name}.body.2`);
  const squeezed = relu(
    narrow(pool(y), `${name}.CA.conv_du.0`, Math.floor(x.channels / reduction)),
  );
  const weights = sigmoid(narrow(squeezed, `${name}.CA.conv_du.2`, x.channels));
  return add(x, multiply(y, weights));
}

/** `count` blocks `name.0`, `name.1`, … */
export function attentionBlocks(
  x: Value,
  name: string,
  count: number,
  of: ChannelAttention,
): Value {
  let y = x;
  for (let j = 0; j < count; j++) y = attentionBlock(y, `${name}.${j}`, of);
  return y;
}

/** Half the resolution: [c, h, w] → [out, h/2, w/2]. */
export const coarser = (x: Value, name: string, out: number): Value =>
  narrow(halve(x), `${name}.down.1`, out);

/** Twice the resolution, bilinear: [c, h, w] → [out, 2h, 2w]. */
export const finer = (x: Value, name: string, out: number): Value =>
  narrow(upsample(x, 2, "linear"), `${name}.up.1`, out);

/**
 * Supervised attention (SAM) between stages: an image from the features, and the features where that image asks for
 * them.
 * @param x features [f, h, w]
 * @param image the blurry image [3, h, w]
 */
export function supervise(x: Value, image: Value, name: string): { features: Value; image: Value } {
  const restored = add(narrow(x, `${name}.conv2`, 3), image);
  const gate = sigmoid(narrow(restored, `${name}.conv3`, x.channels));
  return { features: add(multiply(narrow(x, `${name}.conv1`), gate), x), image: restored };
}
