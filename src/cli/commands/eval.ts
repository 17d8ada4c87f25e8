/** Defines `deblur eval`: measures how well pictures are restored. */
import { OptionError } from "../../errors.ts";
import { withScope } from "../../io/system/scope.ts";
import { knownKernels } from "../../pipeline/deblur-image-options.ts";
import { checkTogether, completeOptions } from "../../pipeline/options/complete-options.ts";
import { type FileOptions, fileOptionTable } from "../../pipeline/options/file-options.ts";
import { toggle, upTo } from "../../pipeline/options/option-table.ts";
import { withUsualTiling } from "../../pipeline/plan/plan-memory.ts";
import { findSubjects, type Subject } from "../../tools/evaluate/find-subjects.ts";
import { openCsvTable } from "../../tools/evaluate/tables/csv-table.ts";
import { openJsonTable } from "../../tools/evaluate/tables/json-table.ts";
import { openMarkdownTable } from "../../tools/evaluate/tables/markdown-table.ts";
import { openTextTable } from "../../tools/evaluate/tables/text-table.ts";
import { type Command, helpRow, jsonRow, withFlags } from "../command.ts";

type Restoring = Pick<
  FileOptions,
  | "weights"
  | "preset"
  | "net"
  | "netRange"
  | "engine"
  | "adapter"
  | "threads"
  | "tile"
  | "halo"
  | "scale"
  | "pooling"
  | "precision"
  | "noise"
  | "inFlight"
  | "maxPixels"
  | "timeout"
>;

interface EvalFlags extends Restoring {
  readonly limit: number | undefined;
  readonly baseline: boolean;
  readonly align: boolean;
  readonly json: boolean;
  readonly csv: boolean;
  readonly markdown: boolean;
  readonly help: boolean;
}

const tables = { json: openJsonTable, csv: openCsvTable, markdown: openMarkdownTable };

const forms = Object.keys(tables) as (keyof typeof tables)[];

export const evalCommand: Command<EvalFlags> = {
  name: "eval",
  operand: "folder of pictures",
  several: true,
  usage: "deblur eval DIR… [options]",
  summary: "measures how well pictures are restored",
  about: `Restores the pictures of each DIR as deblur does, without writing them, and measures them as the
papers do. DIR has the blurry pictures in a folder named blur, blurry, input or lq, and the sharp
ones under equal names in sharp, target, gt or hq. The layouts of GoPro, REDS, HIDE and RealBlur are
known. DIR may also be a list, with a sharp and a blurry path a line. Without sharp pictures, all
are blurry pictures without ground truth.

PSNR and SSIM compare the whole picture, as written with 8 bits, with the sharp one: SSIM by Wang et
al. 2004, 3-D SSIM as BasicSR and NAFNet report it for GoPro and HIDE. Re-blur compares the blurry
picture with the sharp one (without ground truth: the restored one) blurred by the estimated
kernels, before any rounding (paper, Table 4). Without ground truth there is also the variance of
the Laplacian, which grows with detail and with noise. s is the time of restoring in seconds. The
mean gain has a bootstrap 95 % interval. --baseline adds Richardson–Lucy with the mean kernel; a
non-uniform method, such as Whyte et al. 2012, is not implemented.

Where two lenses made a pair, as in RealBlur, --align scales each picture z by Σxz/Σz² (x the sharp
one) and warps it onto the sharp one by a homography (ECC of the grey pictures, 100 iterations)
before it is measured; PSNR and SSIM then count the pixels inside it. Re-blur is not aligned.

A picture that cannot be measured is reported, and the others are measured. The exit code is then
that of its error, or 1 where errors differ. With --json each line has "version": 1, "set" (DIR) and
"event":
  set      pictures, truth, align, engine, preset, tile, halo, scale
  picture  name, width, height, seconds, gain, likeness {before, after, baseline: {psnr, ssim,
           ssim3d}}, reblur {psnr, ssim, ssim3d}, sharpness {before, after, baseline}
  failed   name, message, exitCode
  summary  pictures, failed, gain {mean, low, high, better, worse, worst}, seconds, means`,
  options: {
    limit: {
      ...upTo(1, Number.MAX_SAFE_INTEGER),
      default: undefined,
      otherwise: "all",
      common: true,
      help: "only the first N pictures of each DIR",
    },
    baseline: {
      ...toggle(),
      common: true,
      help: "compare with Richardson–Lucy (R–L) with the mean kernel",
    },
    align: {
      ...toggle(),
      common: true,
      help: "align pictures with the sharp ones first, as for RealBlur",
    },
    json: { ...jsonRow, help: "print JSON, one object a line" },
    csv: { ...toggle(), common: true, help: "print comma-separated values, a line a picture" },
    markdown: { ...toggle(), common: true, help: "print a Markdown table" },
    weights: fileOptionTable.weights,
    preset: fileOptionTable.preset,
    net: fileOptionTable.net,
    netRange: fileOptionTable.netRange,
    engine: fileOptionTable.engine,
    adapter: fileOptionTable.adapter,
    threads: fileOptionTable.threads,
    tile: fileOptionTable.tile,
    halo: fileOptionTable.halo,
    scale: fileOptionTable.scale,
    pooling: fileOptionTable.pooling,
    precision: fileOptionTable.precision,
    noise: fileOptionTable.noise,
    inFlight: fileOptionTable.inFlight,
    maxPixels: fileOptionTable.maxPixels,
    timeout: fileOptionTable.timeout,
    help: helpRow,
  },
  check(options, nameOf) {
    checkTogether(options, nameOf);
    const asked = forms.filter((form) => options[form]);
    if (asked.length > 1) {
      throw new OptionError(
        `Expected one of ${forms.map(nameOf).join(", ")} but received ${asked.map(nameOf).join(", ")}`,
      );
    }
  },
  async run({ operands, options }, { stdout, reporter, signal, openEngine }) {
    const onNote = reporter.note;
    const { limit, baseline, align } = options;
    const sets = new Map<string, readonly Subject[]>();
    for (const set of operands) {
      const { subjects, unpaired } = await findSubjects(set);
      sets.set(set, subjects.slice(0, limit));
      for (const lone of unpaired) onNote(`${set}: ${lone} has no partner`);
    }
    const form = forms.find((name) => options[name]);
    const table = (form ? tables[form] : openTextTable)(
      (text) => void stdout.write(withFlags(text)),
    );
    const restoring = restoringOf(options);
    const { openEvaluation } = await import("../../tools/evaluate/evaluation-runtime.ts");
    const { evaluateSets } = await import("../../tools/evaluate/evaluate-sets.ts");
    await withScope({ onNote }, async (scope) => {
      const context = { onNote, signal, ...(openEngine && { openEngine }) };
      const runtime = await openEvaluation(restoring, context, scope);
      if (baseline) knownKernels("--baseline", runtime.engine);
      const settled = withUsualTiling(restoring, runtime.engine);
      const given = { options: settled, baseline, align, signal };
      await evaluateSets(sets, runtime, given, { table, stdout, onNote });
    });
  },
};

/** The options of restoring, without those of the table. */
function restoringOf(options: EvalFlags): FileOptions {
  const { limit, baseline, align, json, csv, markdown, help, ...restoring } = options;
  return completeOptions(restoring);
}
