/** Limits an enlarged residual: a filter with negative lobes may lead beyond black or white. */

/** Changes each residual in place so that x + residual stays within 0..1; x is in 0..1. A residual within stays as it is. */
export function limitResidual(residual: Float32Array, x: Float32Array): void {
  for (let i = 0; i < residual.length; i++) {
    const before = x[i] as number;
    const after = before + (residual[i] as number);
    if (after > 1) residual[i] = 1 - before;
    else if (after < 0) residual[i] = -before;
  }
}
