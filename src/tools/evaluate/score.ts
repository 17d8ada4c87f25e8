/** What was measured of one picture. */
import type { Likeness } from "./compare-images.ts";

export interface Score {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** For restoring it; measuring not counted. */
  readonly seconds: number;
  /** Of the blurry, the restored and, if asked for, the baseline's picture to the truth; none: no truth. */
  readonly likeness: BeforeAfter<Likeness> | undefined;
  /** Of the blurry picture to the truth (without truth: to the restored one) ⊗ its kernels; none: no kernels. */
  readonly reblur: Likeness | undefined;
  /** Variance of the Laplacian; only without truth. */
  readonly sharpness: BeforeAfter<number> | undefined;
}

export interface BeforeAfter<T> {
  readonly before: T;
  readonly after: T;
  readonly baseline: T | undefined;
}

/** dB won; 0 where both are ∞. Undefined without truth. */
export function gainOf({ likeness }: Score): number | undefined {
  if (likeness === undefined) return undefined;
  const { before, after } = likeness;
  return before.psnr === after.psnr ? 0 : after.psnr - before.psnr;
}
