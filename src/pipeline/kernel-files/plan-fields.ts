/** Plans the points of an image's kernels and σ, and the size of each figure, bounded for any image. In pixels. */
import { type PointGrid, planPoints } from "../../image/point-grid.ts";
import type { KernelField } from "../../model/engine.ts";
import type { Placement } from "./draw-kernels.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Bounds of a figure's longest side; that of a small image is enlarged to about the first. */
const [smallest, largest] = [1024, 2048];
/** Most kernels rendered along the longest side, and the smallest side of a rendered one: twice its taps. */
const drawnAcross = 24;
const drawnSide = 40;
/** Most kernels stored along the longest side: 95 MB for 19×19 taps and a square image. */
const storedAcross = 256;
/** Stored kernels lie a multiple of this apart, so that each has its own cell at any kernel stride. */
const storedStep = 16;

/** How a figure relates to its image. */
export interface FigurePlan {
  /** One for each pixel of the reduced image. */
  readonly points: PointGrid;
  /** Pixels of the figure, a side, for one of the reduced image. */
  readonly enlargement: number;
  readonly placement: Placement;
}

/** Plans a figure. An image larger than a figure is reduced by an integer; a small one is enlarged by an integer. */
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

/** Returns the points of rendered kernels. */
export function renderedKernels(size: Size): PointGrid {
  const { scale } = planFigure(size).placement;
  const longest = Math.max(size.width, size.height);
  const spacing = Math.max(Math.ceil(longest / drawnAcross), Math.ceil(drawnSide / scale));
  const { width, height } = size;
  return planPoints({ width, height, spacing });
}

/** Returns the points of stored kernels. */
export function storedKernels(size: Size): PointGrid {
  const longest = Math.max(size.width, size.height);
  const spacing = storedStep * Math.ceil(longest / (storedStep * storedAcross));
  const { width, height } = size;
  return planPoints({ width, height, spacing });
}

/** Returns the points of mapped and stored σ: one per cell, but no more than a figure has pixels. */
export function mappedSigma({
  width,
  height,
  kernelField: { stride },
}: Size & { readonly kernelField: KernelField }): PointGrid {
  const spacing = Math.max(stride, Math.ceil(Math.max(width, height) / largest));
  return planPoints({ width, height, spacing });
}

/** Returns the pixels of a heat map, a side, for one of its points. The map is about as large as the image's figure. */
export function mapEnlargement({ columns, rows }: PointGrid, size: Size): number {
  const { points, enlargement } = planFigure(size);
  const side = Math.max(points.columns, points.rows) * enlargement;
  return Math.max(1, Math.round(side / Math.max(columns, rows)));
}
