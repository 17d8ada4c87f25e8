/**
 * Builds the deconvolution between flow decoding and restoration, our extension: a Wiener filter for each window,
 * from its kernel and the kernel's uncertainty. NAFNet sees the result beside the blurry image.
 */
import type { NetConfig } from "../config.ts";
import {
  add,
  affine,
  constant,
  divide,
  exp,
  filterWindows,
  input,
  kernelDft,
  meanChannels,
  multiply,
  perChannel,
  pick,
} from "../graph/build.ts";
import { frequencies, windowSide } from "../graph/dft.ts";
import type { Graph, Value } from "../graph/graph.ts";

/** Typical σ of the kernels; the regularisation depends on the distance from it. */
const typicalSigma = 0.9;

/** image [3, h, w], kernels [k², h/16, w/16], sigma [1, h/16, w/16] → change [3, h, w], see `deconvolved`. */
export function deconvolveGraph({ kernelSize, kernelStride }: NetConfig): Graph & {
  change: Value;
} {
  const image = input("image", 3);
  const kernels = input("kernels", kernelSize ** 2, kernelStride);
  return { change: deconvolved(image, kernels, input("sigma", 1, kernelStride)) };
}

/**
 * Deconvolved minus blurry, [3, h, w].
 *
 * Each window's spectrum Y is multiplied by conj(O)/(|O|² + R) − 1, O the transfer function of its kernel (divided
 * by its sum). R = e^a · e^(10 b (σ − 0.9)) · |D|² + e^c: an image prior on gradients D, stronger where the kernel
 * is uncertain, and a floor; a, b and c are learnt. The mean of a window is kept.
 */
export function deconvolved(image: Value, kernels: Value, sigma: Value): Value {
  const sum = affine(meanChannels(kernels), kernels.channels, 0);
  const unit = divide(kernels, sum);
  // The image is the correlation with the kernel, so its transfer function is the conjugate of the kernel's DFT.
  const [re, im] = [kernelDft(unit, "full", "re"), kernelDft(unit, "full", "im")];
  const regularisation = perChannel("deconvolution.regularisation", 3);
  const [a, b, c] = [0, 1, 2].map((i) => pick(regularisation, [i])) as [Value, Value, Value];
  const uncertain = multiply(affine(sigma, 10, -10 * typicalSigma), b);
  const prior = exp(add(uncertain, a)); //                                   [1, h/16, w/16]
  const gradients = constant("gradient power", gradientPower());
  const floor = multiply(constant("all but the mean", allButMean()), exp(c));
  const power = add(multiply(re, re), multiply(im, im));
  const divisor = add(power, add(multiply(gradients, prior), floor));
  return filterWindows(image, affine(divide(re, divisor), 1, -1), divide(im, divisor));
}

/** |D|² of the differences along both axes at each frequency. */
function gradientPower(): Float32Array {
  const { rows, columns } = frequencies("full");
  const along = (f: number) => 4 * Math.sin((Math.PI * f) / windowSide) ** 2;
  return Float32Array.from(rows.flatMap((r) => columns.map((c) => along(r) + along(c))));
}

function allButMean(): Float32Array {
  return gradientPower().map((power) => (power > 0 ? 1 : 0));
}
