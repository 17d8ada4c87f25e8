/**
 * Reads a run that several processes share: planned once in a shared folder, computed in shards, assembled at the end.
 * Each process opens image and engine anew, and fails if they differ from the plan.
 */
import { NoInputError, OutputError } from "../../errors.ts";
import { openGrid } from "../../image/tiling/open-grid.ts";
import type { InputHeader } from "../../io/sources/open-input.ts";
import type { OpenedSource } from "../../io/sources/opened-source.ts";
import { contentHash, fingerprint } from "../../io/store/fingerprint.ts";
import { readRunFile } from "../../io/store/run-file.ts";
import { differences, type InputFacts, type RunRecord } from "../../io/store/run-record.ts";
import type { StorePlan } from "../../io/store/store-plan.ts";
import { systemDisk } from "../../io/system/disk.ts";
import { isAddress } from "../../io/system/http-bytes.ts";
import type { Scope } from "../../io/system/scope.ts";
import type { Engine } from "../../model/engine.ts";
import { completeOptions } from "../options/complete-options.ts";
import { openWhere, type Where } from "../plan/open-where.ts";
import { type Settled, withUsualTiling } from "../plan/plan-memory.ts";
import { storePlanOf } from "../plan/store-plan.ts";

/** A planned run, as stored in its folder. */
export interface PlannedRun {
  /** An absolute path, or an address. */
  readonly input: string;
  readonly options: Settled;
  readonly record: RunRecord;
}

/** The places of a planned run's files on this machine, where they differ from those planned. */
export interface RunPlaces {
  /** Path of the image. Its content must be that planned. */
  readonly input?: string;
  /** Paths of the files that the options name. */
  readonly weights?: string;
  readonly net?: string;
  readonly mask?: string;
}

/** Reads the run planned in `folder`. @throws NoInputError if there is none; OptionError if its options are invalid */
export function readPlannedRun(folder: string, places: RunPlaces = {}): PlannedRun {
  const found = readRunFile(folder, systemDisk);
  if (found?.planned === undefined) {
    throw new NoInputError(folder, `holds no planned run; first deblur plan IN -o ${folder}`);
  }
  const { record, planned } = found;
  const options = withUsualTiling(completeOptions(planned.options));
  const { input = planned.input, ...files } = places;
  return { input, options: { ...options, ...files }, record };
}

/** An open image, and all inputs that decide its pixels. */
export interface OpenedPlan {
  readonly source: OpenedSource;
  readonly where: Where;
  readonly plan: StorePlan;
  readonly record: RunRecord;
}

/**
 * Opens the image of a planned run, decoded into `work` if necessary; `scope` closes it.
 * @throws as `InputHeader.open`, `fingerprint` and `contentHash`
 */
export async function openPlanned(
  {
    input,
    header,
    options,
  }: Pick<PlannedRun, "input" | "options"> & { readonly header: InputHeader },
  { identity, alignment }: Pick<Engine, "identity" | "alignment">,
  {
    work,
    scope,
    signal,
    onNote,
    planned,
  }: {
    /** The input as planned; undefined: it is planned now. */
    readonly planned?: InputFacts;
    readonly work: string;
    readonly scope: Scope;
    readonly signal: AbortSignal;
    readonly onNote: (line: string) => void;
  },
): Promise<OpenedPlan> {
  const { tolerant, tile, halo, scale, range, bits } = options;
  const found = await inputFacts(input, planned, signal);
  const reading = { folder: work, tolerant, tile, range, signal };
  const { source, notes } = await header.open(reading);
  scope.use(source, (it) => it.close());
  for (const note of notes) onNote(note);
  const { width, height } = source;
  const grid = openGrid({ width, height, tile, halo, scale, alignment });
  // The output's format is known only when the image is assembled; a TIFF can hold most images.
  const where = await openWhere(options, source, { folder: work, scope, signal, onNote });
  const plan = storePlanOf(source, { grid, options, where, form: { format: "tiff", bits } });
  return { source, where, plan, record: { input: { ...found, tolerant }, engine: identity, plan } };
}

/** All bytes are read where the input is planned, or its time is another than then: it may be a copy. */
async function inputFacts(
  input: string,
  planned: InputFacts | undefined,
  signal: AbortSignal,
): Promise<Omit<InputFacts, "tolerant">> {
  const found = await fingerprint(input);
  if (isAddress(input)) return found;
  const same = planned?.fingerprint === found.fingerprint && planned.modified === found.modified;
  const content = (same && planned.content) || (await contentHash(input, signal));
  return { ...found, content };
}

/** Checks that a run is the one planned in `folder`. @throws OutputError naming the differences */
export function assertAsPlanned(
  folder: string,
  planned: RunRecord,
  now: RunRecord,
  { allowMixed }: { readonly allowMixed: boolean },
): void {
  const differing = differences(planned, now, { anyEngine: allowMixed });
  if (differing.length === 0) return;
  const mixable = differences(planned, now, { anyEngine: true }).length === 0;
  const hint = mixable ? "; `allowMixed` takes it as it is" : "";
  throw new OutputError(folder, `was planned with ${differing.join("; ")}${hint}`);
}
