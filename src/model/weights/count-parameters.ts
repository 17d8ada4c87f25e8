/** Counts the trained values of a net, by its parts. */

export interface ParameterCounts {
  readonly total: number;
  readonly kernelEstimator: number;
  readonly flow: number;
  /** NAFNet with its kernel attention and the field's reductions, including unused ones. */
  readonly restorer: number;
}

/** Names of tensors that are stored with the parameters but not trained. */
const buffer =
  /^flow\.(kernel_size|alpha|normalization|base_dist_(mean|var)|net\.\d+\.(mask|running_(mean|var)))$/;

/** True for a tensor that is stored but not trained. */
export function isBuffer(name: string): boolean {
  return buffer.test(name);
}

/** Counts the parameters among tensors given as name and shape. */
export function countParameters(
  tensors: Iterable<readonly [name: string, tensor: { readonly shape: readonly number[] }]>,
): ParameterCounts {
  const counts = { kernelEstimator: 0, flow: 0, restorer: 0 };
  for (const [name, { shape }] of tensors) {
    if (isBuffer(name)) continue;
    const size = shape.reduce((a, b) => a * b, 1);
    if (name.startsWith("kernel_extra.")) counts.kernelEstimator += size;
    else if (name.startsWith("flow.")) counts.flow += size;
    else counts.restorer += size;
  }
  return { total: counts.kernelEstimator + counts.flow + counts.restorer, ...counts };
}
