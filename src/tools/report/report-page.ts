/** The pictures of a report in, its page out. */
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

/** What a page of pictures is made from. */
export interface ReportData {
  readonly title: string;
  /** When it was made, ISO 8601. */
  readonly made: string;
  /** Labels and facts: how the pictures were restored, and by which weights. */
  readonly settings: Rows;
  readonly weights: Rows;
  readonly pictures: readonly ReportedImage[];
  readonly failures: readonly { readonly name: string; readonly message: string }[];
}

type Rows = readonly (readonly [label: string, fact: string])[];

/** With all its data in the page, or the address of a script that brings it. */
export type ReportedImage = ImageSummary &
  ({ readonly data: ImageData } | { readonly script: string });

/** The scripts, each of which says at its top what it does. */
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

/** All of a page but its data. */
export interface ReportParts extends PageParts {
  readonly libraries: readonly Library[];
}

/** Read before any work, so that what is missing shows at once. */
export function readReportParts(): ReportParts {
  return {
    styles: [pagePart("page.css"), pagePart("report.css")],
    scripts: scripts.map(pagePart),
    body: pagePart("report.html"),
    libraries: [viewerLibrary(), chartLibrary()],
  };
}

/** HTML. */
export function reportPage(report: ReportData, parts: ReportParts): string {
  const data = { ...report, colours: packed(viridisColours) };
  return pageHtml(report.title, parts, parts.libraries, data);
}
