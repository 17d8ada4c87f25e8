/** A picture's size in, how its fields are looked at out: bounded whatever the size. All lengths in pixels. */

import { type PointGrid, planPoints } from "../../image/point-grid.ts";
import type { KernelField } from "../../model/engine.ts";
import type { Placement } from "./draw-kernels.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The longest side of a figure is at most the larger, and of a small picture at least about the smaller. */
const [smallest, largest] = [1024, 2048];
/** Kernels drawn along the longest side, at most; and the least a drawn one may have, twice its taps. */
const drawnAcross = 24;
const drawnSide = 40;
/** Kernels stored along the longest side, at most: 95 MB for 19×19 taps and a square picture. */
const storedAcross = 256;
/** Stored kernels lie a multiple of this apart, so that each is in a cell of its own at any kernel stride. */
const storedStep = 16;

/** How a figure of a picture relates to it. */
export interface FigurePlan {
  /** One for each pixel of the reduced picture. */
  readonly points: PointGrid;
  /** Pixels of the figure, a side, for one of the reduced picture. */
  readonly enlargement: number;
  readonly placement: Placement;
}

/** Pictures larger than a figure are reduced by a whole number, small ones enlarged by one. */
export function planFigure({ width, height }: Size): FigurePlan {
  const longest = Math.max(width, height);
  const reduction = Math.ceil(longest / largest);
  const enlargement = Math.max(1, Math.floor(smallest / longest));
  const points = planPoints({ width, height, spacing: reduction });
  const corner = (first: number) => first - Math.floor(reduction / 2);
  return {
    points,
    enlargement,
    placement: {
      originX: corner(points.x(0)),
      originY: corner(points.y(0)),
      scale: enlargement / reduction,
    },
  };
}

/** Where kernels are drawn. */
export function drawnKernels(size: Size): PointGrid {
  const { scale } = planFigure(size).placement;
  const longest = Math.max(size.width, size.height);
  const spacing = Math.max(Math.ceil(longest / drawnAcross), Math.ceil(drawnSide / scale));
  const { width, height } = size;
  return planPoints({ width, height, spacing });
}

/** Where kernels are stored. */
export function storedKernels(size: Size): PointGrid {
  const longest = Math.max(size.width, size.height);
  const spacing = storedStep * Math.ceil(longest / (storedStep * storedAcross));
  const { width, height } = size;
  return planPoints({ width, height, spacing });
}

/** Where σ is mapped and stored: in every cell, or as many as a figure has pixels. */
export function mappedSigma({
  width,
  height,
  kernelField: { stride },
}: Size & { readonly kernelField: KernelField }): PointGrid {
  const spacing = Math.max(stride, Math.ceil(Math.max(width, height) / largest));
  return planPoints({ width, height, spacing });
}

/** Pixels of a heat map, a side, for one of its points: about the size of the picture's figure. */
export function mapEnlargement({ columns, rows }: PointGrid, size: Size): number {
  const { points, enlargement } = planFigure(size);
  const side = Math.max(points.columns, points.rows) * enlargement;
  return Math.max(1, Math.round(side / Math.max(columns, rows)));
}
