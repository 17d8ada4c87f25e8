/** Reads an image net's form from its input's dimensions and from its file's metadata. */
import { WeightsError } from "../../errors.ts";
import { type DeclaredForm, type PixelLayout, pixelRanges } from "./image-net.ts";

/** Layout and fixed sides, as far as the input's dimensions give them. @throws WeightsError if it is no image */
export function sidesIn(
  dims: readonly (number | undefined)[] | undefined,
): Pick<DeclaredForm, "layout" | "fixed"> {
  if (dims === undefined) return { layout: undefined, fixed: undefined };
  const words = `[${dims.map((size) => size ?? "any").join(", ")}]`;
  const [batch, second, third, fourth] = dims;
  if (dims.length !== 4 || (batch !== undefined && batch !== 1)) {
    throw new WeightsError(
      `Expected an input of one image, [1, 3, height, width] or [1, height, width, 3], but found ${words}`,
    );
  }
  const layout = layoutOf(second, fourth);
  if (layout === undefined && (second ?? fourth) !== undefined) {
    throw new WeightsError(`Expected an input of 3 channels but found ${words}`);
  }
  const [height, width] = layout === "NHWC" ? [second, third] : [third, fourth];
  if (layout === undefined || (height === undefined && width === undefined)) {
    return { layout, fixed: undefined };
  }
  if (height === undefined || width === undefined) {
    throw new WeightsError(`Expected sides that are both fixed or both open but found ${words}`);
  }
  return { layout, fixed: [height, width] };
}

function layoutOf(second: number | undefined, fourth: number | undefined): PixelLayout | undefined {
  if (second === 3) return "NCHW";
  return fourth === 3 ? "NHWC" : undefined;
}

/** The range and the multiple in a file's metadata, under the names of docs/nets.md. @throws WeightsError */
export function formIn(
  metadata: Readonly<Record<string, unknown>>,
): Pick<DeclaredForm, "range" | "multiple"> {
  const { image_range: range, image_multiple: multiple } = metadata;
  const known = pixelRanges.find((one) => one === range);
  if (range !== undefined && known === undefined) {
    throw new WeightsError(
      `Expected ${pixelRanges.join(", ")} for the metadata image_range but found ${JSON.stringify(range)}`,
    );
  }
  if (multiple === undefined) return { range: known, multiple: undefined };
  if (/^[1-9]\d{0,3}$/.test(String(multiple))) return { range: known, multiple: Number(multiple) };
  throw new WeightsError(
    `Expected 1 to 9999 for the metadata image_multiple but found ${JSON.stringify(multiple)}`,
  );
}
