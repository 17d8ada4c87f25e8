/** What the numbers of a YUV frame mean: matrix and levels in, the constants of the arithmetic out. */

/** Whose luma weights: ITU-R BT.601-7, BT.709-6 or BT.2020-2 (non-constant luminance). */
export const matrixNames = ["601", "709", "2020"] as const;
/** Whose luma weights: BT.601, BT.709 or BT.2020. */
export type MatrixName = (typeof matrixNames)[number];

/** Whether black and white are 16 and 235 (of 8 bits) or the least and the greatest number. */
export const levelsNames = ["limited", "full"] as const;
/** Whether black and white are 16 and 235 (of 8 bits), or the least and the greatest number. */
export type LevelsName = (typeof levelsNames)[number];

/** What a frame's numbers mean. Of RGB the matrix means nothing, of grey likewise. */
export interface Colour {
  readonly matrix: MatrixName;
  readonly levels: LevelsName;
}

/** Weights of red and blue in luma: E'Y = kr·R + (1 − kr − kb)·G + kb·B. */
export const lumaWeights: Readonly<
  Record<MatrixName, { readonly kr: number; readonly kb: number }>
> = {
  "601": { kr: 0.299, kb: 0.114 },
  "709": { kr: 0.2126, kb: 0.0722 },
  "2020": { kr: 0.2627, kb: 0.0593 },
};

/** The numbers of `bits` bits that stand for luma 0 and 1, chroma 0, and a chroma difference of 1. */
export interface Scale {
  readonly black: number;
  readonly luma: number;
  readonly neutral: number;
  readonly chroma: number;
}

/** Limited: 16 + 219·Y and 128 + 224·C, times 2^(bits − 8); full: (2^bits − 1)·Y and 2^(bits − 1) + (2^bits − 1)·C. */
export function scaleOf(levels: LevelsName, bits: number): Scale {
  const neutral = 2 ** (bits - 1);
  const greatest = 2 ** bits - 1;
  if (levels === "full") return { black: 0, luma: greatest, neutral, chroma: greatest };
  const unit = 2 ** (bits - 8);
  return { black: 16 * unit, luma: 219 * unit, neutral, chroma: 224 * unit };
}
