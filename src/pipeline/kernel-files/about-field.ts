/** Describes the files of kernels and σ for the user: quantity, points, scale and format. */
import type { PointGrid } from "../../image/point-grid.ts";
import { formatNames } from "../../io/formats/image-formats.ts";
import type { Figure, FigureFormat } from "../../io/sinks/figure.ts";
import type { SampledField } from "../../operators/samples/gather-samples.ts";
import { plain } from "../../text/words.ts";
import { enlargementOf } from "./draw-kernels.ts";
import { inFigures, type Range } from "./heat-map.ts";
import { shapeOf } from "./raw-field.ts";

/** Describes the content of each kind of file in one line. */
export const about = {
  /** "96 kernels of 19×19 pixels, one every 40 pixels, at 1.9 times their size; PNG of 1024×640 pixels" */
  renderedKernels(
    { points, channels }: SampledField,
    figure: Figure,
    format: FigureFormat,
  ): string {
    const k = Math.sqrt(channels);
    const scale = plain(enlargementOf(points, k));
    const count = points.rows * points.columns;
    return `${count} kernels of ${k}×${k} pixels, ${every(points)}, at ${scale} times their size; ${form(figure, format)}`;
  },
  /** "sigma from 0.0123 (blue) to 0.310 (yellow), one every 4 pixels; PNG of 1100×640 pixels" */
  mappedSigma(
    { points }: SampledField,
    [low, high]: Range,
    figure: Figure,
    format: FigureFormat,
  ): string {
    const scale = `${inFigures(low)} (blue) to ${inFigures(high)} (yellow)`;
    return `sigma from ${scale}, ${every(points)}; ${form(figure, format)}`;
  },
  /** "kernels [40, 64, 19, 19], sigma [40, 64], float32, one every 16 pixels", all at the same points. */
  numbers(fields: Readonly<Record<string, SampledField>>): string {
    const arrays = Object.entries(fields).map(
      ([name, field]) => `${name} [${shapeOf(field).join(", ")}]`,
    );
    const [any] = Object.values(fields);
    return `${arrays.join(", ")}, float32${any ? `, ${every(any.points)}` : ""}`;
  },
};

function every({ spacing }: PointGrid): string {
  return spacing === 1 ? "one a pixel" : `one every ${spacing} pixels`;
}

function form({ width, height }: Figure, format: FigureFormat): string {
  return `${formatNames[format]} of ${width}×${height} pixels`;
}
