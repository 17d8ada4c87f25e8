/** Opens what decides where an image is restored: its mask, and its region turned to how the image is stored. */
import type { ImageSource } from "../../image/raster.ts";
import { inverseOrientation, uprightRect, uprightSize } from "../../image/upright.ts";
import { openMask } from "../../io/sources/open-mask.ts";
import type { OpenedSource } from "../../io/sources/opened-source.ts";
import { fingerprint } from "../../io/store/fingerprint.ts";
import type { StorePlan } from "../../io/store/store-plan.ts";
import type { Scope } from "../../io/system/scope.ts";
import type { Rect } from "../../rect.ts";
import { checkRegion } from "../options/check-strength.ts";
import type { Settled } from "./plan-memory.ts";

/** Where an image is restored. */
export interface Where {
  /** Options of `deblurImage`. */
  readonly restoring: { readonly mask?: ImageSource; readonly region?: Rect };
  /** The same for stored tiles, which are never mixed with those of another mask, region or strength. */
  readonly stored: Pick<StorePlan, "strength" | "mask" | "region">;
}

/**
 * Opens the mask of `options`, which `scope` closes.
 * @throws OptionError if the region is not inside the image; as `openMask`
 */
export async function openWhere(
  { mask: path, region: seen, strength, tile, maxPixels }: Settled,
  image: Pick<OpenedSource, "width" | "height" | "metadata"> & Pick<Partial<OpenedSource>, "tags">,
  {
    folder,
    scope,
    signal,
    onNote,
  }: {
    readonly folder: string;
    readonly scope: Scope;
    readonly signal: AbortSignal;
    readonly onNote: (line: string) => void;
  },
): Promise<Where> {
  if (strength > 1) onNote("a strength above 1 exaggerates: edges may get bright and dark lines");
  const { orientation } = image.metadata;
  const size = uprightSize(image, orientation);
  if (seen !== undefined) checkRegion(seen, size);
  const region = seen && uprightRect(seen, size, inverseOrientation(orientation));
  const opened =
    path === undefined
      ? undefined
      : scope.use(await openMask(path, image, { folder, tile, maxPixels, signal }), (it) =>
          it.close(),
        );
  for (const note of opened?.notes ?? []) onNote(note);
  const mask = opened?.mask;
  return {
    restoring: { ...(mask && { mask }), ...(region && { region }) },
    stored: {
      ...(strength !== 1 && { strength }),
      ...(path !== undefined && { mask: (await fingerprint(path)).fingerprint }),
      ...(region && { region }),
    },
  };
}
