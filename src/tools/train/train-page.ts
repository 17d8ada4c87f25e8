/** Builds the page of a training run: curves, samples of its measurements, settings. */
import { chartLibrary, pageHtml, pagePart } from "../html/page.ts";
import { bestOf, type KeptSamples } from "./sample-history.ts";
import type { TrainRecord } from "./train-log.ts";

export interface TrainPage {
  readonly title: string;
  readonly records: readonly TrainRecord[];
  readonly samples: KeptSamples;
  readonly settings: readonly (readonly [label: string, fact: string])[];
}

/** The page as HTML that needs no other file. */
export function trainPage(run: TrainPage): string {
  const parts = {
    styles: [pagePart("page.css"), pagePart("train.css")],
    scripts: ["format.js", "charts.js", "train.js"].map(pagePart),
    body: pagePart("train.html"),
  };
  const { pairs, sheets } = run.samples;
  return pageHtml(run.title, parts, [chartLibrary()], {
    ...run,
    samples: { pairs, sheets, best: bestOf(sheets)?.iteration },
    written: new Date().toISOString(),
  });
}
