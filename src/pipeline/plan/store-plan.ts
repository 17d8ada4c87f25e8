/** Describes the stored tiles of a run: their grid, the types of their samples and their meaning. */

import { OptionError } from "../../errors.ts";
import { plainRadiometry } from "../../image/radiometry.ts";
import type { SampleType } from "../../image/samples.ts";
import type { Grid } from "../../image/tiling/grid.ts";
import { oneOfFormat } from "../../io/formats/image-formats.ts";
import type { OutputForm } from "../../io/formats/output-form.ts";
import type { OpenedSource } from "../../io/sources/opened-source.ts";
import type { StorePlan } from "../../io/store/store-plan.ts";
import type { Where } from "./open-where.ts";
import type { Settled } from "./plan-memory.ts";

/** Returns the plan of the stored tiles. @throws OptionError if the output's form cannot hold the source */
export function storePlanOf(
  source: OpenedSource,
  {
    grid,
    form,
    options,
    where,
  }: {
    readonly grid: Grid;
    readonly form: Pick<OutputForm, "format" | "bits">;
    /** Those that change the result of a tile are recorded. */
    readonly options: Settled;
    readonly where: Where;
  },
): StorePlan {
  const { channels, sampleType, radiometry } = source;
  const { skipSharp } = options;
  return {
    grid: grid.plan,
    channels,
    sourceType: sampleType,
    outputType: outputTypeOf(source, form),
    radiometry,
    ...(skipSharp && { skipSharp }),
    ...where.stored,
  };
}

/**
 * Returns the type of an output's samples: the source's, or that of the chosen bits.
 * @throws OptionError if the samples of the output would have another meaning
 */
export function outputTypeOf(
  source: OpenedSource,
  { format, bits }: Pick<OutputForm, "format" | "bits">,
): SampleType {
  const { path, channels, sampleType, radiometry } = source;
  const type = bits === undefined ? sampleType : (`uint${bits}` as const);
  if (type !== sampleType) {
    if (sampleType !== "uint8" && sampleType !== "uint16") {
      throw new OptionError(
        `Expected samples of 8 or 16 unsigned bits to become ${bits} bits but ${path} has ${sampleType}: choose TIFF, and no bits`,
      );
    }
    if (radiometry.nodata !== undefined && radiometry.nodata !== 0) {
      throw new OptionError(
        `Expected no other bits where ${radiometry.nodata} means no data but received ${bits} for ${path}`,
      );
    }
  }
  if (format === "tiff") return type;
  const { alpha, range } = plainRadiometry(channels, sampleType);
  const [found, plain] = [radiometry.alpha, alpha].map((it) => JSON.stringify(it ?? null));
  const turned = radiometry.range[0] > radiometry.range[1] !== range[0] > range[1];
  if (found === plain && !turned) return type;
  const misfits = [
    ...(found === plain ? [] : [alphaWords(source)]),
    ...(found !== plain && radiometry.nodata !== undefined ? ["nodata"] : []),
    ...(turned ? ["white as its lowest value"] : []),
  ];
  throw new OptionError(
    `Expected grey or RGB with optional straight alpha for ${oneOfFormat(format)} but ${path} has ` +
      `${misfits.join(" and ")}: choose TIFF`,
  );
}

/** "4 bands, none of them alpha" of a source whose alpha is not where a photograph has it. */
function alphaWords({ channels, radiometry: { alpha } }: OpenedSource): string {
  if (alpha === undefined) return channels === 4 ? "4 bands" : `${channels} bands without alpha`;
  if (alpha.premultiplied) return "premultiplied alpha";
  return `alpha in band ${alpha.channel + 1} of ${channels}`;
}
