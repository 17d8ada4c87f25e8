/**
 * A kernel for every pixel, as a few kernels and each one's share at every pixel: what blurs a picture in which
 * things move differently. K_p = Σ share_j(p) · kernel_j, and since ⊗ is linear in K, so is the blurred picture.
 */

export interface BlurField {
  readonly kernelSize: number;
  readonly width: number;
  readonly height: number;
  readonly parts: readonly FieldPart[];
}

export interface FieldPart {
  /** [kernelSize, kernelSize], sum 1. */
  readonly kernel: Float32Array;
  /** [height, width] in 0..1; the shares of all parts sum to 1 at every pixel. */
  readonly share: Float32Array;
}

/** The field written out, as the nets and `reblur` know it: [kernelSize², height, width]. */
export function expandField(field: BlurField): Float32Array<ArrayBuffer> {
  const { kernelSize, width, height, parts } = field;
  const plane = width * height;
  const kernels = new Float32Array(kernelSize ** 2 * plane);
  for (const { kernel, share } of parts) {
    kernel.forEach((value, tap) => {
      if (value === 0) return;
      const start = tap * plane;
      for (let p = 0; p < plane; p++) {
        (kernels[start + p] as number) += value * (share[p] as number);
      }
    });
  }
  return kernels;
}
