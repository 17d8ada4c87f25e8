/** What an encoder makes of samples, as a share of them. */
import type { OutputForm } from "../../io/formats/output-form.ts";
import type { Settled } from "./usual-tiling.ts";

/** Of photographs; a guess for all but plain TIFF. */
export function shareOf(
  { format }: Pick<OutputForm, "format">,
  { compression }: Pick<Settled, "compression">,
): number {
  switch (format) {
    case "tiff":
      return compression === "none" ? 1 : 0.7;
    case "png":
      return 0.7;
    default:
      return 0.3;
  }
}
