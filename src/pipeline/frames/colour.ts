/** Derives the constants of YUV arithmetic from the matrix and the levels of a frame. */

/** Standards of luma weights: ITU-R BT.601-7, BT.709-6 and BT.2020-2 (non-constant luminance). */
export const matrixNames = ["601", "709", "2020"] as const;
/** The standard of the luma weights: BT.601, BT.709 or BT.2020. */
export type MatrixName = (typeof matrixNames)[number];

/** Ranges of levels: black and white are 16 and 235 (of 8 bits), or the lowest and the highest number. */
export const levelsNames = ["limited", "full"] as const;
/** The range of levels: black and white are 16 and 235 (of 8 bits), or the lowest and the highest number. */
export type LevelsName = (typeof levelsNames)[number];

/** The meaning of a frame's numbers. RGB and grey ignore the matrix. */
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

/** The stored numbers of a colour. */
export interface LevelsScale {
  /** The number of luma 0. */
  readonly black: number;
  /** The difference of numbers for a luma difference of 1. */
  readonly luma: number;
  /** The number of chroma 0. */
  readonly neutral: number;
  /** The difference of numbers for a chroma difference of 1. */
  readonly chroma: number;
}

/**
 * Returns the scale of samples with `bits` bits. Limited: 16 + 219·Y and 128 + 224·C, times 2^(bits − 8). Full:
 * (2^bits − 1)·Y and 2^(bits − 1) + (2^bits − 1)·C.
 */
export function levelsScale(levels: LevelsName, bits: number): LevelsScale {
  const neutral = 2 ** (bits - 1);
  const greatest = 2 ** bits - 1;
  if (levels === "full") return { black: 0, luma: greatest, neutral, chroma: greatest };
  const unit = 2 ** (bits - 8);
  return { black: 16 * unit, luma: 219 * unit, neutral, chroma: 224 * unit };
}
