/**
 * Declares what all stored tiles of a run have in common. Add here every option that changes the result of a tile:
 * tiles of runs whose plans differ are never mixed.
 */
import type { Radiometry } from "../../image/radiometry.ts";
import type { SampleType } from "../../image/samples.ts";
import type { GridPlan } from "../../image/tiling/grid.ts";
import type { Rect } from "../../rect.ts";

/** What all tiles of a run have in common; numbers and words only, so that it can go to a thread and a file. */
export interface StorePlan {
  readonly grid: GridPlan;
  readonly channels: number;
  /** Of the source, and of the output. */
  readonly sourceType: SampleType;
  readonly outputType: SampleType;
  readonly radiometry: Radiometry;
  /** Tiles whose kernels are close to none pass; false by default. */
  readonly skipSharp?: boolean;
  /** Factor of the change; 1 by default. */
  readonly strength?: number;
  /** Fingerprint of the mask's file; none by default. */
  readonly mask?: string;
  /** The rectangle that is restored, in stored pixels; the whole image by default. */
  readonly region?: Rect;
}
