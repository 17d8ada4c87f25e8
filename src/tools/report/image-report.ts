/** Restores and measures one subject as `deblur eval` does, and collects what a report shows of it. */

import type { ImageSource } from "../../image/raster.ts";
import { screenView } from "../../image/screen-view.ts";
import { openGrid } from "../../image/tiling/open-grid.ts";
import { uprightSize, uprightSource } from "../../image/upright.ts";
import type { OpenedSource } from "../../io/sources/opened-source.ts";
import type { KernelField } from "../../model/engine.ts";
import type { Settled } from "../../pipeline/plan/plan-memory.ts";
import type { RunContext } from "../../pipeline/plan/run-context.ts";
import type { RunPlan } from "../../pipeline/plan/run-facts.ts";
import { fullRadiometry } from "../evaluate/compare-images.ts";
import { evaluateImage, type MeasuredImages } from "../evaluate/evaluate-image.ts";
import type { EvaluationRuntime } from "../evaluate/evaluation-runtime.ts";
import type { Subject } from "../evaluate/find-subjects.ts";
import type { Score } from "../evaluate/score.ts";
import { type FieldData, type FieldRecorder, recordFields } from "./report-fields.ts";
import { type ShownImage, type ShowOptions, showImage } from "./shown-files.ts";
import { type PassedTile, recordTiles, type TileData, tileData } from "./tile-data.ts";

/** Data of an image that a page loads when the image is opened. */
export interface ImageData {
  readonly images: {
    readonly before: ShownImage;
    readonly after: ShownImage;
    readonly sharp?: ShownImage;
  };
  readonly tiles: readonly TileData[];
  /** null: the net estimates no kernels. */
  readonly field: FieldData | null;
}

/** Data of an image that a page shows from the start. */
export interface ImageSummary {
  readonly name: string;
  /** Of the upright image. */
  readonly width: number;
  readonly height: number;
  readonly thumbnail: string;
  readonly score: Score;
  readonly tiles: number;
  readonly flat: number;
  readonly failed: number;
  /** The samples that stand for black and white. */
  readonly range: readonly [low: number, high: number];
}

export interface ImageReport {
  readonly summary: ImageSummary;
  readonly data: ImageData;
}

export interface Reporting {
  readonly options: Settled;
  /** The folder of the image's Deep Zoom tiles, and its address from the page; undefined: the page holds everything. */
  readonly folder: { readonly path: string; readonly address: string } | undefined;
  /** The image's number among `files`, from 1. */
  readonly file: number;
  readonly files: number;
  readonly output: string;
  readonly context: RunContext;
  readonly signal: AbortSignal;
}

/** Reports one subject. @throws as `evaluateImage`, and IoError where the files of the page cannot be made */
export async function reportImage(
  subject: Subject,
  runtime: EvaluationRuntime,
  reporting: Reporting,
): Promise<ImageReport> {
  const { options, context, signal } = reporting;
  const tiles = recordTiles(() => performance.now() / 1000);
  let fields: FieldRecorder | undefined;
  let report: ImageReport | undefined;
  const observer = {
    begin(blurry: OpenedSource) {
      context.onStart?.(planOf(subject, blurry, runtime, reporting));
      fields = fieldsOf(blurry, runtime.engine.kernelField);
      tiles.start();
      return fields?.sample ?? {};
    },
    tile(progress: Parameters<typeof tiles.add>[0]) {
      tiles.add(progress);
      context.onProgress?.(progress);
    },
    async measured(score: Score, pictures: MeasuredImages) {
      const measuring = { pool: runtime.pool, threads: options.threads, signal };
      const data = {
        images: {} as ImageData["images"],
        tiles: await tileData(tiles.passed, pictures, fields, measuring),
        field: fields?.data() ?? null,
      };
      const { images, thumbnail } = await show(pictures, runtime, reporting);
      const summary = { ...summaryOf(score, pictures.blurry, tiles.passed), thumbnail };
      report = { summary, data: { ...data, images } };
    },
  };
  await evaluateImage(subject, runtime, { options, baseline: false, signal, observer });
  return report as unknown as ImageReport;
}

function fieldsOf(
  { width, height, metadata: { orientation } }: OpenedSource,
  field: KernelField | undefined,
): FieldRecorder | undefined {
  return field && recordFields({ width, height, orientation, field });
}

function summaryOf(
  score: Score,
  { metadata, radiometry, ...size }: OpenedSource,
  passed: readonly PassedTile[],
): Omit<ImageSummary, "thumbnail"> {
  const count = (status: PassedTile["status"]) =>
    passed.filter((tile) => tile.status === status).length;
  return {
    name: score.name,
    ...uprightSize(size, metadata.orientation),
    score,
    tiles: passed.length,
    flat: count("flat"),
    failed: count("failed"),
    range: radiometry.range,
  };
}

/** Shows each image upright, in the range that the net sees. */
async function show(
  { blurry, sharp, restored }: MeasuredImages,
  runtime: EvaluationRuntime,
  { folder, signal }: Reporting,
): Promise<{ readonly images: ImageData["images"]; readonly thumbnail: string }> {
  const { radiometry, metadata } = blurry;
  const { colours, range: full } = fullRadiometry(blurry);
  const showing = (name: string): ShowOptions => ({
    scratch: `${runtime.folder}/${name}-rows.tif`,
    icc: metadata.icc,
    tiles: folder && { path: `${folder.path}/${name}`, address: `${folder.address}/${name}` },
    signal,
  });
  const shown = (
    name: string,
    picture: ImageSource,
    range: readonly [number, number],
    of = colours,
  ) =>
    showImage(
      uprightSource(screenView(picture, { colours: of, range }), metadata.orientation),
      showing(name),
    );
  // The restored image is in fractions of its type's full range.
  const part = (value: number) => (value - full[0]) / (full[1] - full[0]);
  const [low, high] = radiometry.range;
  const before = await shown("before", blurry, radiometry.range);
  const own = colours.map((_, i) => i);
  const after = await shown("after", restored, [part(low), part(high)], own);
  const truth =
    sharp && (await shown("sharp", sharp, sharp.radiometry.range, fullRadiometry(sharp).colours));
  const images = { before: before.image, after: after.image, ...(truth && { sharp: truth.image }) };
  return { images, thumbnail: before.thumbnail };
}

/** The plan that `onStart` receives. */
function planOf(
  subject: Subject,
  { width, height, channels, radiometry }: OpenedSource,
  { engine, preset }: EvaluationRuntime,
  { options, file, files, output }: Reporting,
): RunPlan {
  const { tile, halo, scale, inFlight } = options;
  const grid = openGrid({
    width,
    height,
    tile,
    halo,
    scale,
    alignment: engine.alignment,
  });
  const largest = grid.largest();
  const tiles = { tileWidth: largest.width, tileHeight: largest.height, tiles: grid.count };
  return {
    input: subject.blurry,
    ...{ output, file, files, width, height, channels, bits: 8, radiometry },
    ...{ engine: engine.identity, preset, tile, halo, scale, inFlight, ...tiles, tilesKept: 0 },
  };
}
