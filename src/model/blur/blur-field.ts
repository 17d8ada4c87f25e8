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

/**
 * The kernel at the centre of each cell of stride×stride pixels, which a net with that stride estimates for the whole
 * cell: [height/stride, width/stride, kernelSize²]. The centre of an even cell is between four pixels, whose mean is used.
 * @throws RangeError where the sides are not multiples of `stride`
 */
export function kernelsAtCells(
  { kernelSize, width, height, parts }: BlurField,
  stride: number,
): Float32Array<ArrayBuffer> {
  if (width % stride !== 0 || height % stride !== 0)
    throw new RangeError(
      `expected sides that are multiples of ${stride} but received ${width}×${height}`,
    );
  const [columns, rows, taps] = [width / stride, height / stride, kernelSize ** 2];
  const [from, end] = [(stride - 1) >> 1, (stride >> 1) + 1];
  const kernels = new Float32Array(rows * columns * taps);
  for (const { kernel, share } of parts) {
    for (let cell = 0; cell < rows * columns; cell++) {
      const corner = Math.floor(cell / columns) * stride * width + (cell % columns) * stride;
      let sum = 0;
      for (let y = from; y < end; y++)
        for (let x = from; x < end; x++) sum += share[corner + y * width + x] as number;
      if (sum === 0) continue;
      const mean = sum / (end - from) ** 2;
      kernel.forEach((value, tap) => {
        (kernels[cell * taps + tap] as number) += mean * value;
      });
    }
  }
  return kernels;
}
