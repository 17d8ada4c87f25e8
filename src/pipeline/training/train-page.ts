/** A training run so far in, a page of it out: curves, samples of the last measurement, settings. */
import type { MeasuredPair, Sampled } from "../../model/training/measure.ts";
import { sharp } from "../libvips.ts";
import { packed } from "../report/packed.ts";
import { chartLibrary, pageHtml, pagePart } from "../report/page.ts";
import type { TrainRecord } from "./train-log.ts";

export interface TrainPage {
  readonly title: string;
  readonly records: readonly TrainRecord[];
  readonly samples: readonly SampleSheet[];
  readonly settings: readonly (readonly [label: string, fact: string])[];
}

/** Addresses of data: PNGs. */
export interface SampleSheet {
  readonly blurry: string;
  readonly sharp: string;
  readonly restored?: string;
  readonly kernels?: string;
}

/** HTML that needs nothing else. */
export function trainPage(run: TrainPage): string {
  const parts = {
    styles: [pagePart("page.css")],
    scripts: ["format.js", "charts.js", "train.js"].map(pagePart),
    body: pagePart("train.html"),
  };
  return pageHtml(run.title, parts, [chartLibrary()], {
    ...run,
    written: new Date().toISOString(),
  });
}

/** What a net makes of a pair, to be looked at. */
export async function sampleSheet(
  { width, height, sharp: truth, blurry }: MeasuredPair,
  { restored, kernels }: Sampled,
): Promise<SampleSheet> {
  const picture = (rgb: Uint8Array) => pngOf(rgb, { width, height, channels: 3 });
  return {
    blurry: await picture(blurry),
    sharp: await picture(truth),
    ...(restored && { restored: await picture(restored) }),
    ...(kernels && { kernels: await kernelSheet(kernels) }),
  };
}

/** Kernels side by side, a line between them. */
async function kernelSheet({
  size,
  across,
  taps,
}: NonNullable<Sampled["kernels"]>): Promise<string> {
  const side = across * (size + 1) - 1;
  const sheet = new Uint8Array(side * side).fill(70);
  for (let place = 0; place < across * across; place++) {
    const kernel = taps.subarray(place * size * size, (place + 1) * size * size);
    const most = kernel.reduce((a, b) => Math.max(a, b), 0);
    const [left, top] = [(place % across) * (size + 1), Math.floor(place / across) * (size + 1)];
    for (const [tap, value] of kernel.entries()) {
      const at = (top + Math.floor(tap / size)) * side + left + (tap % size);
      sheet[at] = most > 0 ? Math.round((255 * Math.max(0, value)) / most) : 0;
    }
  }
  return pngOf(sheet, { width: side, height: side, channels: 1 });
}

async function pngOf(
  samples: Uint8Array,
  raw: { readonly width: number; readonly height: number; readonly channels: 1 | 3 },
): Promise<string> {
  return `data:image/png;base64,${packed(await sharp(samples, { raw }).png().toBuffer())}`;
}
