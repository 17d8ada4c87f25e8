/**
 * Defines the blur of an image in which things move differently: a few kernels, and each one's share at every
 * pixel. K_p = Σ share_j(p) · kernel_j. Since ⊗ is linear in K, the blurred image is the same sum of blurred
 * images.
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

/** The kernel of every pixel, in the layout of the nets and of `reblur`: [kernelSize², height, width]. */
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
