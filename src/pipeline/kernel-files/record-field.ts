/** Collects the samples for one file of kernels or σ while tiles pass, and makes the file from them. */
import { encodeFigure, enlarge, type FigureFormat, upright } from "../../io/sinks/figure.ts";
import type { KernelField } from "../../model/engine.ts";
import { gatherSamples, type SampledField } from "../../operators/samples/gather-samples.ts";
import type { Sampling } from "../../operators/samples/sample-field.ts";
import type { Samplings } from "../deblur-image-options.ts";
import { about } from "./about-field.ts";
import { drawKernels } from "./draw-kernels.ts";
import type { FieldFile, RawFormat } from "./field-form.ts";
import { colourRange, mapColours } from "./heat-map.ts";
import {
  mapEnlargement,
  mappedSigma,
  planFigure,
  renderedKernels,
  storedKernels,
} from "./plan-fields.ts";
import { rawFields } from "./raw-field.ts";

/** The image whose fields are recorded. */
export interface RecordedImage {
  readonly width: number;
  readonly height: number;
  /** Exif orientation. A figure is turned upright; arrays keep the order of the stored pixels. */
  readonly orientation: number | undefined;
  readonly kernelField: KernelField;
}

/** Collects the samples of one file. */
export interface FieldRecord {
  /** Receives the samples: for `deblurImage`. */
  readonly sample: Samplings;
  /** Returns the number of points without a sample, because their tiles failed or were flat. */
  unseen(): number;
  /** Makes the file from the samples received so far. */
  make(): Promise<MadeField>;
}

interface MadeField {
  readonly bytes: Uint8Array;
  /** Describes the content: quantity, points, scale and format. */
  readonly about: string;
}

/** Opens the record of one file, without any samples yet. */
export function recordField({ of, format }: FieldFile, seen: RecordedImage): FieldRecord {
  const raw = format === "npy" || format === "safetensors";
  if (of === "sigma") return raw ? rawSigma(format, seen) : sigmaMap(format, seen);
  return raw ? rawKernels(format, seen) : kernelOverlay(format, seen);
}

function kernelOverlay(format: FigureFormat, seen: RecordedImage): FieldRecord {
  const { points, enlargement, placement } = planFigure(seen);
  const image = gatherSamples(points, 3);
  const kernels = gatherSamples(renderedKernels(seen), seen.kernelField.size ** 2);
  return {
    sample: { image: [samplingOf(image)], kernels: [samplingOf(kernels)] },
    unseen: kernels.unseen,
    async make() {
      const rgb = Uint8Array.from(image.values, (value) => Math.round(255 * value));
      const reduced = { width: points.columns, height: points.rows, rgb };
      const enlarged = await enlarge(reduced, enlargement, { smooth: true });
      drawKernels(enlarged, kernels, placement);
      const figure = await upright(enlarged, seen.orientation);
      const bytes = await encodeFigure(figure, format);
      return { bytes, about: about.renderedKernels(kernels, figure, format) };
    },
  };
}

function rawKernels(format: RawFormat, seen: RecordedImage): FieldRecord {
  const points = storedKernels(seen);
  const kernels = gatherSamples(points, seen.kernelField.size ** 2);
  const sigma = format === "npy" ? undefined : gatherSamples(points, 1);
  return {
    sample: { kernels: [samplingOf(kernels)], ...(sigma && { sigma: [samplingOf(sigma)] }) },
    unseen: kernels.unseen,
    async make() {
      const fields = { kernels, ...(sigma && { sigma }) };
      return { bytes: rawFields(format, fields), about: about.numbers(fields) };
    },
  };
}

function sigmaMap(format: FigureFormat, seen: RecordedImage): FieldRecord {
  const sigma = gatherSamples(mappedSigma(seen), 1);
  return {
    sample: { sigma: [samplingOf(sigma)] },
    unseen: sigma.unseen,
    async make() {
      const scale = colourRange(sigma.values);
      const small = mapColours(sigma, scale);
      const map = await enlarge(small, mapEnlargement(sigma.points, seen), { smooth: false });
      const figure = await upright(map, seen.orientation);
      const bytes = await encodeFigure(figure, format);
      return { bytes, about: about.mappedSigma(sigma, scale, figure, format) };
    },
  };
}

function rawSigma(format: RawFormat, seen: RecordedImage): FieldRecord {
  const sigma = gatherSamples(mappedSigma(seen), 1);
  return {
    sample: { sigma: [samplingOf(sigma)] },
    unseen: sigma.unseen,
    make: async () => ({ bytes: rawFields(format, { sigma }), about: about.numbers({ sigma }) }),
  };
}

function samplingOf({ points, add }: SampledField): Sampling {
  return { points, onSample: add };
}
