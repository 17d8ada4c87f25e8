/** One file of kernels or σ: what to look at while tiles pass, and what the file holds when all have passed. */

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
  drawnKernels,
  mapEnlargement,
  mappedSigma,
  planFigure,
  storedKernels,
} from "./plan-fields.ts";
import { rawFields } from "./raw-field.ts";

/** The picture the fields are of. */
export interface Seen {
  readonly width: number;
  readonly height: number;
  /** Exif orientation: figures are turned upright, numbers stay as the pixels are stored. */
  readonly orientation: number | undefined;
  readonly kernelField: KernelField;
}

export interface FieldRecord {
  readonly sample: Samplings;
  /** Points that no tile showed: those of tiles that failed. */
  unseen(): number;
  /** The file, as what was seen by now makes it. */
  make(): Promise<MadeField>;
}

interface MadeField {
  readonly bytes: Uint8Array;
  /** In words: what of, at which points, at which scale, in which form. */
  readonly about: string;
}

/** Nothing seen yet. */
export function recordField({ of, format }: FieldFile, seen: Seen): FieldRecord {
  const raw = format === "npy" || format === "safetensors";
  if (of === "sigma") return raw ? rawSigma(format, seen) : sigmaMap(format, seen);
  return raw ? rawKernels(format, seen) : kernelOverlay(format, seen);
}

function kernelOverlay(format: FigureFormat, seen: Seen): FieldRecord {
  const { points, enlargement, placement } = planFigure(seen);
  const image = gatherSamples(points, 3);
  const kernels = gatherSamples(drawnKernels(seen), seen.kernelField.size ** 2);
  return {
    sample: { image: [heard(image)], kernels: [heard(kernels)] },
    unseen: kernels.unseen,
    async make() {
      const rgb = Uint8Array.from(image.values, (value) => Math.round(255 * value));
      const reduced = { width: points.columns, height: points.rows, rgb };
      const enlarged = await enlarge(reduced, enlargement, { smooth: true });
      drawKernels(enlarged, kernels, placement);
      const figure = await upright(enlarged, seen.orientation);
      const bytes = await encodeFigure(figure, format);
      return { bytes, about: about.drawnKernels(kernels, figure, format) };
    },
  };
}

function rawKernels(format: RawFormat, seen: Seen): FieldRecord {
  const points = storedKernels(seen);
  const kernels = gatherSamples(points, seen.kernelField.size ** 2);
  const sigma = format === "npy" ? undefined : gatherSamples(points, 1);
  return {
    sample: { kernels: [heard(kernels)], ...(sigma && { sigma: [heard(sigma)] }) },
    unseen: kernels.unseen,
    async make() {
      const fields = { kernels, ...(sigma && { sigma }) };
      return { bytes: rawFields(format, fields), about: about.numbers(fields) };
    },
  };
}

function sigmaMap(format: FigureFormat, seen: Seen): FieldRecord {
  const sigma = gatherSamples(mappedSigma(seen), 1);
  return {
    sample: { sigma: [heard(sigma)] },
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

function rawSigma(format: RawFormat, seen: Seen): FieldRecord {
  const sigma = gatherSamples(mappedSigma(seen), 1);
  return {
    sample: { sigma: [heard(sigma)] },
    unseen: sigma.unseen,
    make: async () => ({ bytes: rawFields(format, { sigma }), about: about.numbers({ sigma }) }),
  };
}

function heard({ points, add }: SampledField): Sampling {
  return { points, onSample: add };
}
