/** Builds the page of a report from the data of its images. */
import { viridisColours } from "../../pipeline/kernel-files/viridis.ts";
import {
  chartLibrary,
  type Library,
  type PageParts,
  packed,
  pageHtml,
  pagePart,
  viewerLibrary,
} from "../html/page.ts";
import type { ImageData, ImageSummary } from "./image-report.ts";

/** The data of a report's page. */
export interface ReportData {
  readonly title: string;
  /** When it was made, ISO 8601. */
  readonly made: string;
  /** Labels and values: how the images were restored, and by which weights. */
  readonly settings: Rows;
  readonly weights: Rows;
  readonly pictures: readonly ReportedImage[];
  readonly failures: readonly { readonly name: string; readonly message: string }[];
}

type Rows = readonly (readonly [label: string, fact: string])[];

/** An image with its data in the page, or with the address of a script that loads the data. */
export type ReportedImage = ImageSummary &
  ({ readonly data: ImageData } | { readonly script: string });

/** The scripts of the page, in the order in which they run. */
const scripts = [
  "format.js",
  "table.js",
  "charts.js",
  "layers.js",
  "viewer.js",
  "point.js",
  "tables.js",
  "report.js",
];

/** A page without its data. */
export interface ReportParts extends PageParts {
  readonly libraries: readonly Library[];
}

/** Reads the parts; called before any work, so that a missing file is reported at once. */
export function readReportParts(): ReportParts {
  return {
    styles: [pagePart("page.css"), pagePart("report.css")],
    scripts: scripts.map(pagePart),
    body: pagePart("report.html"),
    libraries: [viewerLibrary(), chartLibrary()],
  };
}

/** The page as HTML. */
export function reportPage(report: ReportData, parts: ReportParts): string {
  const data = { ...report, colours: packed(viridisColours) };
  return pageHtml(report.title, parts, parts.libraries, data);
}
