/** Defines `deblur report`: makes an HTML page that shows pictures before and after. */

import { basename, extname } from "node:path";
import { OptionError } from "../../errors.ts";
import { isImage } from "../../io/formats/image-formats.ts";
import { findPartner } from "../../io/sources/find-pairs.ts";
import { isFile, isFolder } from "../../io/system/paths.ts";
import { checkTogether, completeOptions } from "../../pipeline/options/complete-options.ts";
import { type FileOptions, fileOptionTable } from "../../pipeline/options/file-options.ts";
import { path, toggle, upTo } from "../../pipeline/options/option-table.ts";
import { findSubjects, type Subject } from "../../tools/evaluate/find-subjects.ts";
import { type Command, forceRow, helpRow, jsonRow, outputRow } from "../command.ts";

type Restoring = Pick<
  FileOptions,
  | "weights"
  | "preset"
  | "net"
  | "netRange"
  | "engine"
  | "threads"
  | "tile"
  | "halo"
  | "scale"
  | "pooling"
  | "precision"
  | "noise"
  | "inFlight"
  | "bands"
  | "range"
  | "maxPixels"
  | "onTileError"
  | "timeout"
  | "force"
>;

interface ReportFlags extends Restoring {
  readonly output: string;
  readonly sharp: string | undefined;
  readonly limit: number | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly help: boolean;
}

export const reportCommand: Command<ReportFlags> = {
  name: "report",
  operand: "picture or folder",
  usage: "deblur report IMAGE|DIR -o PAGE.html [options]",
  summary: "makes a page that compares before and after",
  about: `Restores IMAGE, or the pictures of DIR, as deblur does, and writes a page for a browser. It shows
before and after under a slider with zoom; the motion kernels over the picture, and σ, their
uncertainty; the tiles with time and metrics, worst first; lengths and directions of motions; PSNR
and SSIM where there is a sharp picture, else re-blur and sharpness; settings and weights. The page
needs no network, and works by keyboard and touch.

Pairs in DIR are found as by deblur eval. For IMAGE in a folder named blur (blurry, input, lq), the
sharp picture of its name is taken from the folder sharp (target, gt, hq) beside it. The page holds
up to 8 megapixels in all. More pixels are stored as Deep Zoom tiles in the folder PAGE_files beside
it, which belongs to the page.`,
  options: {
    output: outputRow("the page", "PAGE.html"),
    sharp: {
      ...path(),
      default: undefined,
      otherwise: "as found",
      common: true,
      help: "the sharp picture to compare IMAGE with",
    },
    limit: {
      ...upTo(1, Number.MAX_SAFE_INTEGER),
      default: undefined,
      otherwise: "all",
      common: true,
      help: "only the first N pictures of DIR",
    },
    force: { ...forceRow, help: "replace a page that exists" },
    json: { ...jsonRow, help: "report progress as JSON, one object a line" },
    quiet: { ...toggle("q"), common: true, help: "print errors only" },
    weights: fileOptionTable.weights,
    preset: fileOptionTable.preset,
    net: fileOptionTable.net,
    netRange: fileOptionTable.netRange,
    engine: fileOptionTable.engine,
    threads: fileOptionTable.threads,
    tile: fileOptionTable.tile,
    halo: fileOptionTable.halo,
    scale: fileOptionTable.scale,
    pooling: fileOptionTable.pooling,
    precision: fileOptionTable.precision,
    noise: fileOptionTable.noise,
    inFlight: fileOptionTable.inFlight,
    bands: fileOptionTable.bands,
    range: fileOptionTable.range,
    maxPixels: fileOptionTable.maxPixels,
    onTileError: fileOptionTable.onTileError,
    timeout: fileOptionTable.timeout,
    help: helpRow,
  },
  check(options, nameOf) {
    checkTogether(options, nameOf);
    if (options.json && options.quiet) {
      throw new OptionError(
        `Expected one of ${nameOf("json")}, ${nameOf("quiet")} but received both`,
      );
    }
  },
  async run({ operand, options }, { reporter, stdout: _, ...rest }) {
    const { output, sharp, limit, json, quiet, help, ...restoring } = options;
    const found = await subjectsOf(operand, sharp, reporter.note);
    const context = {
      ...rest,
      onStart: reporter.start,
      onProgress: reporter.tile,
      onNote: reporter.note,
    };
    const subjects = found.slice(0, limit);
    const { makeReport } = await import("../../tools/report/make-report.ts");
    const { folder } = await makeReport(subjects, output, completeOptions(restoring), context);
    reporter.note(folder === undefined ? output : `${output}, with ${folder}/`);
  },
};

/** @throws OptionError where a sharp picture is given for a folder; as `findSubjects` */
async function subjectsOf(
  operand: string,
  sharp: string | undefined,
  onNote: (message: string) => void,
): Promise<readonly Subject[]> {
  if (await isFolder(operand)) {
    if (sharp !== undefined) throw new OptionError(`Expected one picture for --sharp ${sharp}`);
    const { subjects, unpaired } = await findSubjects(operand);
    for (const lone of unpaired) onNote(`${operand}: ${lone} has no partner`);
    return subjects;
  }
  // A list of pairs, as for deblur eval.
  if ((await isFile(operand)) && extname(operand) === ".txt" && !isImage(operand)) {
    return (await findSubjects(operand)).subjects;
  }
  const partner = sharp ?? (await findPartner(operand));
  return [{ name: basename(operand), blurry: operand, sharp: partner }];
}
