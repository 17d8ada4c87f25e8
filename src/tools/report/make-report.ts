/**
 * Makes a page that shows images before and after: one file where they are small, else with a folder of Deep Zoom tiles
 * beside it. Both appear when they are complete, or not at all.
 */
import { lstat, mkdir, rename, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join, parse } from "node:path";
import { IoError, isDeblurError, OptionError, OutputError } from "../../errors.ts";
import { readInputHeader } from "../../io/sources/open-input.ts";
import { packageVersion } from "../../io/system/package-file.ts";
import { assertFree, publish } from "../../io/system/publish.ts";
import { openRunFolder } from "../../io/system/run-folder.ts";
import { withScope } from "../../io/system/scope.ts";
import { systemMessage } from "../../io/system/system-error.ts";
import { readWeights } from "../../pipeline/engines/weights-file.ts";
import type { FileOptions } from "../../pipeline/options/file-options.ts";
import { type Settled, withUsualTiling } from "../../pipeline/plan/plan-memory.ts";
import type { RunContext } from "../../pipeline/plan/run-context.ts";
import { describeError, ImagesFailedError } from "../../text/describe-error.ts";
import { type EvaluationRuntime, openEvaluation } from "../evaluate/evaluation-runtime.ts";
import type { Subject } from "../evaluate/find-subjects.ts";
import { scriptJson } from "../html/page.ts";
import { netInfoOf, netInfoRows } from "../weights/net-info.ts";
import { weightsInfo, weightsInfoRows } from "../weights/weights-info.ts";
import { reportImage } from "./image-report.ts";
import { type ReportedImage, readReportParts, reportPage } from "./report-page.ts";

/** Pixels of all images together that a page holds itself. */
const largestInPage = 8e6;

export interface MadeReport {
  readonly pictures: number;
  readonly failed: number;
  /** The folder beside the page; undefined: the page holds everything. */
  readonly folder: string | undefined;
}

/**
 * Restores and measures `subjects`, one after the other, and writes the page `output`.
 * @throws OptionError, OutputError before any work; the error of a single image; ImagesFailedError where some of
 *   several failed, after the page of the others is written; UnavailableError, WeightsError, IoError; the signal's
 *   reason once it is aborted
 */
export async function makeReport(
  subjects: readonly Subject[],
  output: string,
  asked: FileOptions,
  context: RunContext,
): Promise<MadeReport> {
  const { signal = new AbortController().signal, onNote = () => {} } = context;
  const beside = besideOf(output);
  await assertFree(output, asked);
  const parts = readReportParts();
  const failures: { readonly subject: Subject; readonly error: unknown }[] = [];
  const { good, pixels } = await readHeaders(subjects, asked, (subject, error) => {
    failures.push({ subject, error });
  });
  const inPage = pixels <= largestInPage;
  if (!inPage) await assertFolderFree(beside, asked);

  return withScope(context, async (scope) => {
    const work = scope.use(await openRunFolder(output), (it) => it.remove());
    const made: ReportedImage[] = [];
    let facts: Awaited<ReturnType<typeof factsOf>> = { settings: [], weights: [] };
    if (good.length > 0) {
      const runtime = await openEvaluation(asked, context, scope);
      const options = withUsualTiling(asked, runtime.engine);
      facts = await factsOf(runtime, options);
      for (const [index, subject] of good.entries()) {
        signal.throwIfAborted();
        const path = join(work.path, "files", `${index + 1}`);
        const address = `${encodeURIComponent(basename(beside))}/${index + 1}`;
        const folder = inPage ? undefined : { path, address };
        const place = { file: index + 1, files: good.length, output };
        try {
          const reporting = { options, folder, ...place, context, signal };
          const { summary, data } = await reportImage(subject, runtime, reporting);
          if (folder === undefined) made.push({ ...summary, data });
          else {
            await mkdir(path, { recursive: true });
            await writeFile(
              join(path, "data.js"),
              `deblurReport(${index}, ${scriptJson(data)});\n`,
            );
            made.push({ ...summary, script: `${address}/data.js` });
          }
        } catch (error) {
          signal.throwIfAborted();
          if (!causedByImage(error) || subjects.length === 1) throw error;
          failures.push({ subject, error });
        }
      }
    }
    for (const { subject, error } of failures) {
      if (subjects.length === 1) throw error;
      onNote(`${subject.name} failed: ${describeError(error)}`);
    }
    if (made.length > 0) {
      const page = reportPage(
        {
          title: titleOf(subjects, output),
          made: new Date().toISOString(),
          ...facts,
          pictures: made,
          failures: failures.map(({ subject, error }) => ({
            name: subject.name,
            message: describeError(error),
          })),
        },
        parts,
      );
      const file = join(work.path, "page.html");
      await writeFile(file, page).catch((cause: unknown) => {
        throw new IoError(output, systemMessage(cause), { cause });
      });
      if (!inPage) await publishFolder(work.path, beside, asked);
      await publish(file, output, asked);
    }
    const errors = failures.map(({ error }) => error);
    if (errors.length > 0) throw new ImagesFailedError(errors, subjects.length);
    return { pictures: made.length, failed: 0, folder: inPage ? undefined : beside };
  });
}

/** The folder that belongs to a page. @throws OptionError where `output` is no name of a page */
function besideOf(output: string): string {
  if (/^\.html?$/i.test(extname(output))) {
    return join(dirname(output), `${parse(output).name}_files`);
  }
  throw new OptionError(
    `Expected a page ending in .html for output but received ${JSON.stringify(output)}`,
  );
}

/** Reads the headers, so that a wrong path is reported before an engine is opened. */
async function readHeaders(
  subjects: readonly Subject[],
  options: FileOptions,
  failed: (subject: Subject, error: unknown) => void,
) {
  const good: Subject[] = [];
  let pixels = 0;
  for (const subject of subjects) {
    try {
      const { width, height } = await readInputHeader(subject.blurry, options);
      pixels += width * height;
      good.push(subject);
    } catch (error) {
      if (!causedByImage(error)) throw error;
      failed(subject, error);
    }
  }
  return { good, pixels };
}

function causedByImage(error: unknown): boolean {
  return isDeblurError(error, "InputError", "NoInputError", "TileError", "OptionError");
}

/** @throws OutputError */
async function assertFolderFree(path: string, { force }: { readonly force: boolean }) {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined || (force && found.isDirectory())) return;
  const problem = found.isDirectory() ? "exists already; `force` replaces it" : "is not a folder";
  throw new OutputError(path, problem);
}

/** @throws OutputError, IoError */
async function publishFolder(work: string, beside: string, options: { readonly force: boolean }) {
  await assertFolderFree(beside, options);
  try {
    // The run's folder is deleted with the replaced one in it.
    if (await lstat(beside).catch(() => undefined)) await rename(beside, join(work, "replaced"));
    await rename(join(work, "files"), beside);
  } catch (cause) {
    throw new IoError(beside, systemMessage(cause), { cause });
  }
}

function titleOf(subjects: readonly Subject[], output: string): string {
  const [first] = subjects;
  return subjects.length === 1 && first ? basename(first.blurry) : parse(output).name;
}

/** Labels and texts for the cards of the page. */
async function factsOf({ engine, preset, pool }: EvaluationRuntime, options: Settled) {
  const { engine: name, version, precision, threads, pooling, noise, weights } = engine.identity;
  const settings: [string, string][] = [
    ["rx-deblur", packageVersion()],
    ["engine", `${name} ${version}, ${precision}, ${threads} threads`],
    ["preset", preset ?? "none"],
    ["tile", `${options.tile} px, halo ${options.halo} px, ${options.inFlight} in flight`],
    ["scale", `${options.scale}`],
    ["pooling", pooling],
    ["noise", noise === undefined ? "none, the mean of the code is decoded" : `seed ${noise}`],
    ["failing tiles", options.onTileError === "copy" ? "stay blurry" : "end the picture"],
    ["threads beside", `${pool.threads}`],
    ["node", `${process.version}, ${process.platform} ${process.arch}`],
  ];
  if (weights === "") return { settings, weights: [] };
  const rows =
    options.net === undefined
      ? weightsInfoRows(await weightsInfo((await readWeights(options)).path))
      : netInfoRows(await netInfoOf(options.net, engine));
  return {
    settings,
    weights: rows.map(
      ([label, fact]) => [label, label === "file" ? basename(fact) : fact] as const,
    ),
  };
}
