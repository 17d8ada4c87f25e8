/** Builds KAM, the kernel attention module (UFPNet §3.3), and the reductions of the kernel field between levels. */
import { add, concat, conv, gelu, multiply, sigmoid, upsample } from "../graph/build.ts";
import { windowStride } from "../graph/dft.ts";
import type { Value } from "../graph/graph.ts";

/**
 * A·f + x with A = sigmoid(conv([f, g])).
 * @param x features [c, h, w]
 * @param kernels field [k², h/r, w/r]; its features g are upsampled if r > 1: linearly from
 *   cells of 16 pixels, whose edges would show, otherwise nearest
 * @returns [c, h, w]
 */
export function kernelAttention(x: Value, kernels: Value, name: string): Value {
  const c = x.channels;
  const f = gelu(conv(x, `${name}.conv_1.0`, c)); //                    [c, h, w]
  let g = gelu(conv(kernels, `${name}.conv_kernel.0`, c)); //           [c, h/r, w/r]
  g = gelu(conv(g, `${name}.conv_kernel.2`, c));
  const mode = kernels.scale === windowStride ? "linear" : "nearest";
  g = upsample(g, Number(kernels.scale) / Number(x.scale), mode); //    [c, h, w]
  const attention = sigmoid(conv(concat(f, g), `${name}.conv_2.0`, c)); // [c, h, w]
  return add(multiply(attention, f), x);
}

/** The field after level `level`, at half the resolution: [k², h, w] → [k², h/2, w/2]. */
export function reduceField(kernels: Value, level: number): Value {
  return conv(kernels, `kernel_down.${level}`, kernels.channels, { side: 2, stride: 2 });
}

/**
 * The field that each of `levels` encoders attends to. As in NAFNet, it is halved with the features as soon as they are
 * as coarse as the field.
 */
export function fieldPyramid(kernels: Value, levels: number): Value[] {
  const fields = [kernels];
  for (let level = 0; level + 1 < levels; level++) {
    const field = fields[level] as Value;
    fields.push(2 ** level >= Number(kernels.scale) ? reduceField(field, level) : field);
  }
  return fields;
}
