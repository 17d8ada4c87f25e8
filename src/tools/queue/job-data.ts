/**
 * Declares the jobs of a queue, and checks those that are received. A queue may hold anything: a job of another release
 * is left for its workers, and one of another form fails.
 */
import { InputError } from "../../errors.ts";
import { packageVersion } from "../../io/system/package-file.ts";
import { isBelow } from "./below-root.ts";
import { fileOptions, type JobFiles } from "./job-files.ts";

/** Incremented when a job changes its form. */
const schema = 1;

/** A range of tiles of a planned run. */
export interface RangeJob {
  readonly kind: "range";
  /** The run's folder; as all paths, relative to the root. */
  readonly run: string;
  readonly input: string;
  readonly files: JobFiles | undefined;
  /** Tiles from `start` up to but not including `end`, of so many. */
  readonly start: number;
  readonly end: number;
  readonly of: number;
}

/** Makes the picture of a planned run, after all its ranges. */
export interface AssemblyJob {
  readonly kind: "assembly";
  readonly run: string;
  readonly input: string;
  readonly files: JobFiles | undefined;
  readonly output: string;
  readonly tiles: number;
  readonly parts: number;
}

/** One picture of a folder. */
export interface PictureJob {
  readonly kind: "picture";
  readonly input: string;
  readonly output: string;
  readonly files: JobFiles | undefined;
  /** Options of `deblurFile`, without those of a worker. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Ends a folder, after all its pictures. */
export interface FolderJob {
  readonly kind: "folder";
  readonly output: string;
  readonly parts: number;
}

/** Some frames of a video, from a key frame on. */
export interface SegmentJob {
  readonly kind: "segment";
  readonly input: string;
  readonly output: string;
  readonly files: JobFiles | undefined;
  /** Seconds at which the first frame is shown. */
  readonly from: number;
  readonly frames: number;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Joins the segments of a video. */
export interface JoinJob {
  readonly kind: "join";
  readonly run: string;
  readonly input: string;
  readonly output: string;
  readonly frames: number;
  readonly parts: number;
}

/** A job of one part of a run, and the job that ends a run. */
export type PartJob = RangeJob | PictureJob | SegmentJob;
export type EndJob = AssemblyJob | FolderJob | JoinJob;
export type QueueJob = PartJob | EndJob;

/** A job that workers of another release must do. The worker that received it puts it back. */
export class OtherReleaseError extends Error {}

/** The form in which a job is stored. */
export function stored(job: QueueJob): object {
  return { schema, release: packageVersion(), ...job };
}

/**
 * Checks a received job.
 * @throws InputError naming what is wrong; OtherReleaseError if another release submitted it
 */
export function readJob(id: string, value: unknown): QueueJob {
  const job = { ...(isRecord(value) ? value : {}) };
  const wrong = (problem: string) => new InputError(`job ${id}`, problem);
  const { schema: found, release, kind, ...fields } = job;
  if (!Number.isInteger(found) || typeof release !== "string" || !/^[\w.+-]{1,40}$/.test(release)) {
    throw wrong("is no job of rx-deblur");
  }
  if (found !== schema || release !== packageVersion()) {
    const own = `rx-deblur ${packageVersion()} with jobs of form ${schema}`;
    throw new OtherReleaseError(
      `job ${id}: was submitted by rx-deblur ${release} with jobs of form ${found}; this is ${own}: use one release for all workers`,
    );
  }
  if (typeof kind !== "string" || !Object.hasOwn(forms, kind)) throw wrong("is of no known kind");
  const form = forms[kind as QueueJob["kind"]];
  const names = new Set([...Object.keys(form), ...Object.keys(fields)]);
  for (const name of names) {
    const check = Object.hasOwn(form, name) ? form[name] : undefined;
    if (check === undefined)
      throw wrong(`has an unknown field ${JSON.stringify(name).slice(0, 40)}`);
    if (!check(fields[name])) throw wrong(`has a wrong field ${name}`);
  }
  const { start = 0, end = 1, of = 1 } = fields as { start?: number; end?: number; of?: number };
  if (!(start < end && end <= of)) throw wrong("has no tiles in its range");
  return { kind, ...fields } as unknown as QueueJob;
}

type Check = (value: unknown) => boolean;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isPath: Check = (value) =>
  typeof value === "string" && value.length <= 4096 && isBelow(value);
const isFiles: Check = (value) =>
  value === undefined ||
  (isRecord(value) &&
    Object.entries(value).every(
      ([key, path]) => fileOptions.some((one) => one === key) && isPath(path),
    ));
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isTime: Check = (value) => Number.isFinite(value) && (value as number) >= 0;
const most = 10_000;
const isOptions: Check = (value) => isRecord(value) && JSON.stringify(value).length <= most;

const planned = { run: isPath, input: isPath, files: isFiles };
const whole = { input: isPath, output: isPath, files: isFiles, options: isOptions };

const forms: Readonly<Record<QueueJob["kind"], Readonly<Record<string, Check>>>> = {
  range: { ...planned, start: isCount, end: isCount, of: isCount },
  assembly: { ...planned, output: isPath, tiles: isCount, parts: isCount },
  picture: whole,
  folder: { output: isPath, parts: isCount },
  segment: { ...whole, from: isTime, frames: isCount },
  join: { run: isPath, input: isPath, output: isPath, frames: isCount, parts: isCount },
};
