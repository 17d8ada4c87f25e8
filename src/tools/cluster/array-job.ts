/** Describes a planned run as an array of jobs and a job after them: the data of every cluster's script. */
import { dirname, extname, resolve, sep } from "node:path";
import { formatOfSuffix } from "../../io/formats/output-form.ts";
import type { RunPlanned } from "../../pipeline/shards/plan-run.ts";
import { shellWord } from "../../text/shell-word.ts";

/** An array of jobs, one a shard, and the assembly after all of them. */
export interface ArrayJob {
  /** Lower-case letters, digits and "-". */
  readonly name: string;
  /** Absolute paths. */
  readonly run: string;
  readonly output: string;
  /** The folder that holds input, run and output. */
  readonly folder: string;
  readonly shards: number;
  readonly cpus: number;
  /** Megabytes (10⁶ bytes) of a job, with a fifth to spare; undefined: the engine was never measured. */
  readonly megabytes: number | undefined;
}

/** The choices that a plan does not hold. */
export interface ArrayChoice {
  readonly input: string;
  /** undefined: beside the run, with its name and the suffix of the input. */
  readonly output: string | undefined;
  /** undefined: about a hundred tiles a shard. */
  readonly shards: number | undefined;
}

/** Minutes of work for eight cores; a scheduler needs seconds to start a job. */
const tilesOfJob = 100;
/** Slurm's limit, unless its administrator chose another. */
const mostJobs = 1000;

/** Describes the run of a plan. All scripts are made from this alone. */
export function arrayJob(
  { run, tiles, memory, threads }: RunPlanned,
  { input, output, shards = Math.min(mostJobs, Math.ceil(tiles / tilesOfJob)) }: ArrayChoice,
): ArrayJob {
  const suffix = formatOfSuffix(input) === undefined ? ".tif" : extname(input);
  const paths = { run: resolve(run), output: resolve(output ?? `${run}${suffix}`) };
  return {
    name: nameOf(run),
    ...paths,
    folder: commonFolder([paths.run, paths.output, resolve(input)].map((path) => dirname(path))),
    shards: Math.min(shards, tiles),
    cpus: threads,
    megabytes: memory === undefined ? undefined : Math.ceil((1.2 * memory) / 1e8) * 100,
  };
}

/** `index` is the shell's expression for the index of a job, from 0. */
export function shardWords({ run, shards }: ArrayJob, index: string): string {
  return `deblur run ${shellWord(run)} --shard ${index}/${shards} --from-zero`;
}

/** The last job's command. */
export function assembleWords({ run, output }: ArrayJob): string {
  return `deblur assemble ${shellWord(run)} -o ${shellWord(output)}`;
}

/** One line for GNU parallel: shards on this machine's or other machines' cores, then the assembly. */
export function parallelLine(job: ArrayJob): string {
  const { run, shards } = job;
  const each = `deblur run ${shellWord(run)} --shard {}/${shards} -q`;
  return `seq ${shards} | parallel --retries 3 --halt soon,fail=1 ${each} && ${assembleWords(job)}\n`;
}

/** A DNS label of at most 40 characters: Kubernetes adds to it. */
function nameOf(run: string): string {
  const word = resolve(run).split(sep).at(-1) ?? "";
  const label = word.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return `deblur-${label}`.slice(0, 40).replace(/^-+|-+$/g, "");
}

function commonFolder(folders: readonly string[]): string {
  const [first = [], ...others] = folders.map((folder) => folder.split(sep));
  const end = first.findIndex((part, i) => others.some((other) => other[i] !== part));
  return (end === -1 ? first : first.slice(0, end)).join(sep) || sep;
}
