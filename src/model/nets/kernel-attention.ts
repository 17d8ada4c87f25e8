/** KAM, the kernel attention module (paper §3.3; `kernel_atttion`, spelt so in checkpoints). */
import { add, concat, conv, gelu, multiply, sigmoid, upsample } from "../graph/build.ts";
import type { Value } from "../graph/graph.ts";

/**
 * Features attend to the kernels they were blurred with: A·f + x, A = sigmoid(conv([f, g])).
 * @param x features [c, h, w]
 * @param kernels field [k², h/r, w/r]; its features are upsampled (nearest) where r > 1
 * @returns [c, h, w]
 */
export function kernelAttention(x: Value, kernels: Value, name: string): Value {
  const c = x.channels;
  const f = gelu(conv(x, `${name}.conv_1.0`, c)); //                    [c, h, w]
  let g = gelu(conv(kernels, `${name}.conv_kernel.0`, c)); //           [c, h/r, w/r]
  g = gelu(conv(g, `${name}.conv_kernel.2`, c));
  g = upsample(g, Number(kernels.scale) / Number(x.scale)); //          [c, h, w]
  const attention = sigmoid(conv(concat(f, g), `${name}.conv_2.0`, c)); // [c, h, w]
  return add(multiply(attention, f), x);
}
