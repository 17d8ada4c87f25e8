/** An open picture, how it is to be cut and what is written of it in, what all its stored tiles have in common out. */
import { planTiles } from "../../image/plan-tiles.ts";
import type { OutputForm } from "../../io/formats/output-form.ts";
import type { OpenedSource } from "../../io/sources/opened-source.ts";
import type { StorePlan } from "../../io/store/stored-layout.ts";
import type { Engine } from "../../model/engine.ts";
import { outputTypeOf } from "./output-samples.ts";

/** @throws OptionError where the source cannot be written in this form */
export function storePlanOf(
  source: OpenedSource,
  { alignment }: Pick<Engine, "alignment">,
  {
    tile,
    halo,
    form,
    skipSharp,
  }: {
    readonly tile: number;
    readonly halo: number;
    readonly skipSharp: boolean;
    readonly form: Pick<OutputForm, "format" | "bits">;
  },
): StorePlan {
  const { width, height, channels, sampleType, radiometry } = source;
  const cuts = { width, height, tile, halo, alignment };
  return {
    grid: { ...cuts, feather: planTiles(cuts).feather },
    channels,
    sourceType: sampleType,
    outputType: outputTypeOf(source, form),
    radiometry,
    ...(skipSharp && { skipSharp }),
  };
}
