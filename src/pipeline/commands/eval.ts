/** `deblur eval`: folders of pictures in, how well they are restored out. */
import { OptionError } from "../../errors.ts";
import { checkTiles, completeOptions } from "../complete-options.ts";
import { knownKernels } from "../deblur-image-options.ts";
import { describeError } from "../describe-error.ts";
import { type Bench, openBench } from "../evaluation/bench.ts";
import { evaluateSet } from "../evaluation/evaluate-set.ts";
import { type FoundSubjects, findSubjects } from "../evaluation/find-subjects.ts";
import type { Score } from "../evaluation/score.ts";
import { summarise } from "../evaluation/summarise.ts";
import { openCsvTable } from "../evaluation/tables/csv-table.ts";
import { openJsonTable } from "../evaluation/tables/json-table.ts";
import { openMarkdownTable } from "../evaluation/tables/markdown-table.ts";
import { columnsOf, meansOf, type SetFacts, type Table } from "../evaluation/tables/table.ts";
import { openTextTable } from "../evaluation/tables/text-table.ts";
import { closingAll } from "../opened.ts";
import { toggle, upTo } from "../option-table.ts";
import { type FileOptions, fileOptionTable } from "../options.ts";
import { written } from "../standard-output.ts";
import type { Call, Command, CommandContext } from "./command.ts";
import { helpRow, jsonRow } from "./command.ts";

type Restoring = Pick<
  FileOptions,
  | "weights"
  | "preset"
  | "engine"
  | "threads"
  | "tile"
  | "halo"
  | "pooling"
  | "noise"
  | "inFlight"
  | "maxPixels"
  | "tileTimeout"
>;

interface EvalFlags extends Restoring {
  readonly limit: number | undefined;
  readonly baseline: boolean;
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
  about: `Restores the pictures of each DIR as deblur does, writes none of them, and measures them as the
papers do. In DIR a folder named blur, blurry, input or lq holds the blurry pictures and one named
sharp, target, gt or hq the sharp ones, under equal names; the trees of GoPro, REDS, HIDE and
RealBlur are known, and DIR may be a list, a sharp and a blurry path a line. Where nothing is sharp,
all are blurry pictures without truth.

PSNR and SSIM are of the picture as written with 8 bits against the sharp one, over all of it: SSIM
by Wang et al. 2004, 3-D SSIM as BasicSR and NAFNet report it for GoPro and HIDE. Re-blur is the
blurry picture against the sharp one (without truth: the restored one) blurred by the kernels the
net sees, before any rounding (paper, Table 4). Without truth also the variance of the Laplacian,
which grows with detail and with noise. s is seconds for restoring; the mean gain has a bootstrap
95 % interval.

A picture that cannot be measured is told and the rest goes on; the exit code is then its error's,
or 1 where they differ. With --json each line has "version": 1, "set" (DIR) and "event":
  set      pictures, truth, engine, preset, tile, halo
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
      help: "also Richardson–Lucy (R–L) with the mean kernel, for comparison",
    },
    json: { ...jsonRow, help: "as JSON, one object a line" },
    csv: { ...toggle(), common: true, help: "as comma-separated values, a line a picture" },
    markdown: { ...toggle(), common: true, help: "as a table of Markdown" },
    weights: fileOptionTable.weights,
    preset: fileOptionTable.preset,
    engine: fileOptionTable.engine,
    threads: fileOptionTable.threads,
    tile: fileOptionTable.tile,
    halo: fileOptionTable.halo,
    pooling: fileOptionTable.pooling,
    noise: fileOptionTable.noise,
    inFlight: fileOptionTable.inFlight,
    maxPixels: fileOptionTable.maxPixels,
    tileTimeout: fileOptionTable.tileTimeout,
    help: helpRow,
  },
  check(options, nameOf) {
    checkTiles(options, nameOf);
    const asked = forms.filter((form) => options[form]);
    if (asked.length > 1) {
      throw new OptionError(
        `Expected one of ${forms.map(nameOf).join(", ")} but received ${asked.map(nameOf).join(", ")}`,
      );
    }
  },
  async run(call, context) {
    const sets = new Map<string, FoundSubjects>();
    for (const set of call.operands) {
      const found = await findSubjects(set);
      sets.set(set, found);
      for (const lone of found.unpaired) context.reporter.note(`${set}: ${lone} has no partner`);
    }
    const { reporter, openEngine, signal } = context;
    const onNote = reporter.note;
    await closingAll({ onNote }, async (opened) => {
      const workbench = { onNote, signal, ...(openEngine && { openEngine }) };
      const bench = await openBench(restoringOf(call.options), workbench, opened);
      if (call.options.baseline) knownKernels("--baseline", bench.engine);
      await measureSets(sets, bench, call, context);
    });
  },
};

/** What a picture is restored by. */
function restoringOf(options: EvalFlags): FileOptions {
  const { limit, baseline, json, csv, markdown, help, ...restoring } = options;
  return completeOptions(restoring);
}

async function measureSets(
  sets: ReadonlyMap<string, FoundSubjects>,
  bench: Bench,
  { options }: Call<EvalFlags>,
  { stdout, reporter, signal }: CommandContext,
): Promise<void> {
  const { limit, baseline } = options;
  const form = forms.find((name) => options[name]);
  const table = (form ? tables[form] : openTextTable)((text) => void stdout.write(text));
  const given = { options: restoringOf(options), baseline, signal };
  const failures: (Error & { readonly exitCode: number })[] = [];
  let measured = 0;
  for (const [set, found] of sets) {
    const subjects = found.subjects.slice(0, limit);
    const facts: SetFacts = {
      set,
      names: subjects.map(({ name }) => name),
      truth: subjects.some(({ sharp }) => sharp !== undefined),
      baseline,
      kernels: bench.engine.kernelField !== undefined,
      engine: bench.engine.identity,
      preset: bench.preset,
      tile: options.tile,
      halo: options.halo,
    };
    const before = failures.length;
    table.start(facts);
    const scores: Score[] = [];
    for await (const outcome of evaluateSet(subjects, bench, given)) {
      if ("score" in outcome) {
        scores.push(outcome.score);
        table.picture(outcome.score);
      } else {
        const { subject, error } = outcome;
        failures.push(error);
        table.failure(subject.name, error);
        reporter.note(`${subject.name} failed: ${describeError(error)}`);
      }
      // Nobody reads the rest where the reader has gone.
      await written(stdout, "", signal);
    }
    measured += scores.length;
    endSet(table, facts, scores, failures.length - before);
  }
  if (failures.length > 0) throw new PicturesFailedError(measured, failures);
}

function endSet(table: Table, facts: SetFacts, scores: readonly Score[], failed: number): void {
  table.end(summarise(scores, failed), meansOf(columnsOf(facts), scores));
}

/** Some pictures could not be measured, each of which was told. */
class PicturesFailedError extends Error {
  readonly _tag = "PicturesFailedError";
  /** That of all failures where they agree. */
  readonly exitCode: number;
  constructor(measured: number, failures: readonly { readonly exitCode: number }[]) {
    super(`${failures.length} of ${measured + failures.length} pictures could not be measured`);
    const [first = 1, ...others] = failures.map(({ exitCode }) => exitCode);
    this.exitCode = others.every((code) => code === first) ? first : 1;
  }
}
