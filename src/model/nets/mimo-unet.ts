/**
 * Builds MIMO-UNet and MIMO-UNet+ (Cho et al., "Rethinking coarse-to-fine approach in single image deblurring", ICCV
 * 2021): one U-Net that reads and writes an image at three sizes. With a kernel field, kernel attention (UFPNet §3.3,
 * Table 6) is in front of each encoder.
 */
import type { NetConfig } from "../config.ts";
import {
  add,
  type ConvOptions,
  concat,
  conv,
  evenCells,
  multiply,
  relu,
  upconv,
  upsample,
} from "../graph/build.ts";
import type { Value } from "../graph/graph.ts";
import { fieldPyramid, kernelAttention } from "./kernel-attention.ts";

/** A MIMO-UNet's three images without the input added, and intermediate values for comparison. */
export interface MimoUnet {
  /** To be added to the image: [3, h, w]. */
  readonly residual: Value;
  /** The restored image, not clamped: [3, h/2, w/2]. */
  readonly half: Value;
  /** [3, h/4, w/4] */
  readonly quarter: Value;
  readonly features: Readonly<Record<string, Value>>;
}

/** Convs of this net are one deeper in the module tree than their block. */
const layer = (x: Value, name: string, out: number, options?: ConvOptions): Value =>
  conv(x, `${name}.main.0`, out, options);

const pointwise: ConvOptions = { side: 1 };
const down: ConvOptions = { stride: 2 };

/** Residual blocks, without activation after their sums. */
function blocks(x: Value, name: string, count: number): Value {
  let y = x;
  for (let j = 0; j < count; j++) {
    const block = `${name}.layers.${j}.main`;
    const inner = relu(layer(y, `${block}.0`, x.channels));
    y = add(y, layer(inner, `${block}.1`, x.channels));
  }
  return y;
}

/** Shallow features of a smaller image (SCM): [3, h, w] → [c, h, w]; the image itself comes first. */
function shallow(image: Value, name: string, c: number): Value {
  let m = relu(layer(image, `${name}.main.0`, c / 4));
  m = relu(layer(m, `${name}.main.1`, c / 2, pointwise));
  m = relu(layer(m, `${name}.main.2`, c / 2));
  m = relu(layer(m, `${name}.main.3`, c - 3, pointwise));
  return layer(concat(image, m), `${name}.conv`, c, pointwise);
}

/** Feature attention (FAM): features of the larger image, and those of the smaller one where both are strong. */
const attend = (x: Value, small: Value, name: string): Value =>
  add(x, layer(multiply(x, small), `${name}.merge`, x.channels));

/** Fuses the encoders' features (AFF), resized to the same resolution: largest scale first. */
function fuse(features: readonly [Value, Value, Value], name: string, out: number): Value {
  const together = relu(layer(concat(...features), `${name}.conv.0`, out, pointwise));
  return layer(together, `${name}.conv.1`, out);
}

/**
 * @param image [3, h, w], 0..1, sides multiples of 4
 * @param kernels field [k², h/s, w/s]; undefined: the net as published
 */
export function mimoUnet(image: Value, kernels: Value | undefined, config: NetConfig): MimoUnet {
  const { width: b, encoderBlocks, decoderBlocks } = config;
  const fields = kernels && fieldPyramid(kernels, 3);
  const attended: Record<string, Value> = {};
  const encode = (x: Value, i: number): Value => {
    const field = fields?.[i];
    const y = field ? kernelAttention(x, field, `kernel_atttion.${i}`) : x;
    if (field) attended[`kam${i}`] = y;
    return blocks(y, `Encoder.${i}`, encoderBlocks[i] as number);
  };
  const decode = (x: Value, i: number): Value =>
    blocks(x, `Decoder.${i}`, decoderBlocks[i] as number);
  const up = (x: Value, name: string, out: number): Value =>
    relu(upconv(x, `${name}.main.0`, out, 4));

  const half = evenCells(image);
  const quarter = evenCells(half);
  const scm2 = shallow(half, "SCM2", 2 * b); //                              [2b, h/2, w/2]
  const scm1 = shallow(quarter, "SCM1", 4 * b); //                           [4b, h/4, w/4]

  const first = relu(layer(image, "feat_extract.0", b)); //                  [b, h, w]
  const e0 = encode(first, 0);
  const fam2 = attend(relu(layer(e0, "feat_extract.1", 2 * b, down)), scm2, "FAM2");
  const e1 = encode(fam2, 1); //                                             [2b, h/2, w/2]
  const fam1 = attend(relu(layer(e1, "feat_extract.2", 4 * b, down)), scm1, "FAM1");
  const e2 = encode(fam1, 2); //                                             [4b, h/4, w/4]

  const aff1 = fuse([evenCells(e0), e1, upsample(e2, 2)], "AFFs.1", 2 * b);
  const aff0 = fuse([e0, upsample(e1, 2), upsample(e2, 4)], "AFFs.0", b);

  const d0 = decode(e2, 0);
  const u1 = up(d0, "feat_extract.3", 2 * b);
  const d1 = decode(relu(layer(concat(u1, aff1), "Convs.0", 2 * b, pointwise)), 1);
  const u2 = up(d1, "feat_extract.4", b);
  const d2 = decode(relu(layer(concat(u2, aff0), "Convs.1", b, pointwise)), 2);
  return {
    residual: layer(d2, "feat_extract.5", 3),
    half: add(layer(d1, "ConvsOut.1", 3), half),
    quarter: add(layer(d0, "ConvsOut.0", 3), quarter),
    features: {
      ...{ feat_extract0: first, scm1, scm2, fam1, fam2, encoder0: e0, encoder1: e1, encoder2: e2 },
      ...{ aff0, aff1, decoder0: d0, decoder1: d1, decoder2: d2, up3: u1 },
      ...attended,
    },
  };
}
