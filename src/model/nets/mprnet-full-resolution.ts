/** Builds MPRNet's third stage (ORSNet), which keeps the full resolution and adds what the second stage made. */
import { add } from "../graph/build.ts";
import type { Value } from "../graph/graph.ts";
import { attentionBlocks, finer, narrow, wide } from "./mprnet-blocks.ts";
import type { UnetLevels, UnetSizes } from "./mprnet-unet.ts";

const root = "stage3_orsnet";

/**
 * Three groups of attention blocks (ORB); after each, one level of the second stage's encoder and decoder is added.
 * @param x [c, h, w]
 * @param second levels of the second stage, of the whole image
 */
export function fullResolution(
  x: Value,
  second: UnetLevels,
  groupBlocks: number,
  sizes: UnetSizes,
): Value {
  const { attention, see } = sizes;
  let y = x;
  for (const i of [0, 1, 2] as const) {
    const group = `${root}.orb${i + 1}.body`;
    const inner = attentionBlocks(y, group, groupBlocks, attention);
    y = see(`stage3.orb${i + 1}`, add(y, wide(inner, `${group}.${groupBlocks}`)));
    const encoded = sideways(second.encoder[i], "enc", i, sizes);
    const decoded = sideways(second.decoder[i], "dec", i, sizes);
    const [fromEncoder, fromDecoder] = [
      narrow(encoded, `${root}.conv_enc${i + 1}`, x.channels),
      narrow(decoded, `${root}.conv_dec${i + 1}`, x.channels),
    ];
    y = add(add(y, fromEncoder), fromDecoder);
  }
  return y;
}

/** Level i at full resolution, with the width of the first level. */
function sideways(
  level: Value,
  kind: "enc" | "dec",
  i: 0 | 1 | 2,
  { widths, see }: UnetSizes,
): Value {
  const name = `${root}.up_${kind}${i}`;
  if (i === 0) return level;
  if (i === 1) return finer(level, name, widths[0]);
  const half = finer(level, `${name}.0`, widths[1]);
  return see(`stage3.up_${kind}2`, finer(half, `${name}.1`, widths[0]));
}
