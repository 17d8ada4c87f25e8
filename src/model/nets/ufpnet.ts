/**
 * Builds UFPNet (Fang et al., CVPR 2023) as the graphs that a device runs one after the other: image → code, σ →
 * kernel field → (deconvolution →) residual.
 */
import { kernelSourceOf, type NetConfig } from "../config.ts";
import type { Pooling } from "../engine.ts";
import { add, affine, input, multiply, neighbourMean, sqrt, standardise } from "../graph/build.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { deconvolved } from "./deconvolution.ts";
import { flowInverse } from "./flow-prior.ts";
import { keNet } from "./ke-net.ts";
import { restorer } from "./restorer.ts";
import { spectralKeNet } from "./spectral-ke-net.ts";

/** image [3, h, w] → code [k², h/s, w/s] and sigma [1, h/s, w/s]. */
export function estimateKernelsGraph(config: NetConfig): Graph & { code: Value; sigma: Value } {
  const image = input("image", 3);
  return config.keFeatures === "spectra" ? spectralKeNet(image, config) : keNet(image, config);
}

/**
 * code, sigma [, noise n ~ N(0, I), shaped as the code] → z, kernels [k², h/s, w/s]. ẑ = √(1 − σ²)·z + σ·n (eq. 5,
 * 6); without noise only the mean is decoded. Kernels of a net on spectra are means over 3×3 cells. A net without uncertainty decodes z; in a net without a flow the code
 * is the kernel.
 */
export function decodeFlowGraph(
  config: NetConfig,
  options: { readonly noise: boolean } = { noise: false },
): Graph & { z: Value; kernels: Value } {
  const { kernelSize, kernelStride, keFeatures } = config;
  const code = input("code", kernelSize ** 2, kernelStride);
  const source = kernelSourceOf(config);
  /** Motion varies slowly, but windows of spectra err independently: a kernel is the mean of its neighbourhood. */
  const settled = (kernels: Value) => (keFeatures === "spectra" ? neighbourMean(kernels) : kernels);
  if (source === "direct") {
    const kernels = affine(code, 1, 0);
    return { z: kernels, kernels: settled(kernels) };
  }
  if (source === "flow") {
    const z = standardise(code);
    return { z, kernels: settled(flowInverse(z)) };
  }
  const sigma = input("sigma", 1, kernelStride);
  const certainty = sqrt(affine(multiply(sigma, sigma), -1, 1)); //   √(1 − σ²)
  const mean = multiply(standardise(code), certainty);
  const z = options.noise
    ? add(mean, multiply(input("noise", kernelSize ** 2, kernelStride), sigma))
    : mean;
  return { z, kernels: settled(flowInverse(z)) };
}

/**
 * image [3, h, w] and kernels [k², h/s, w/s] (none for a restorer without kernels) → residual [3, h, w], not clamped. A net with
 * deconvolution also reads `change` [3, h, w] (see deconvolveGraph).
 */
export function restoreGraph(config: NetConfig, pooling: Pooling): Graph & { residual: Value } {
  const image = input("image", 3);
  const { kernelSize, kernelStride } = config;
  const kernels = kernelSize === 0 ? undefined : input("kernels", kernelSize ** 2, kernelStride);
  const change = config.deconvolution === true ? input("change", 3) : undefined;
  return { residual: restorer(image, kernels, config, pooling, change).residual };
}

/**
 * Deconvolution and restoration as one graph, for training: image, kernels (none for a restorer without kernels) and,
 * for a net with deconvolution, sigma → residual, as above, and the restorer's other images.
 */
export function deconvolveAndRestoreGraph(
  config: NetConfig,
  pooling: Pooling,
): Graph & { residual: Value } {
  const { kernelSize, kernelStride, deconvolution } = config;
  const image = input("image", 3);
  const kernels = kernelSize === 0 ? undefined : input("kernels", kernelSize ** 2, kernelStride);
  const change =
    deconvolution === true && kernels
      ? deconvolved(image, kernels, input("sigma", 1, kernelStride))
      : undefined;
  const { residual, others } = restorer(image, kernels, config, pooling, change);
  return { residual, ...others };
}
