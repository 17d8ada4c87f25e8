/**
 * Records what the tiles of a run depend on: the input, the engine and the plan (see store-plan.ts). Runs whose records
 * agree may share tiles; a difference is reported.
 */
import { createHash } from "node:crypto";
import type { EngineIdentity } from "../../model/engine.ts";
import type { StorePlan } from "./store-plan.ts";

export interface RunRecord {
  /** Of the input, not its name: the same image elsewhere is the same. */
  readonly input: InputFacts;
  readonly engine: EngineIdentity;
  readonly plan: StorePlan;
}

export interface InputFacts {
  /** Of its contents. */
  readonly fingerprint: string;
  /** When they were written last; a change of a few pixels may escape the fingerprint. */
  readonly modified: string;
  /** SHA-256 of all bytes, hex. Where two records have it, the time does not count. */
  readonly content?: string;
  /** Damage is skipped. */
  readonly tolerant: boolean;
}

/** A run, and the options of its planner where it was planned before it began. */
export interface RunFile {
  readonly record: RunRecord;
  readonly planned?: PlannedWords;
}

interface PlannedWords {
  /** The path of the image, absolute. */
  readonly input: string;
  /** As they were complete then. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Changes when stored tiles of an older version can no longer be used. */
const formatVersion = 1;

/** What a run and its engine are known by in the files of its tiles: 16 bytes each, hex. */
export interface RunIdentity {
  /** All but the engine. */
  readonly identity: string;
  readonly engine: string;
}

export function identityOf(record: RunRecord): RunIdentity {
  const unused = record.input.content === undefined ? [ofThreads] : [ofThreads, ofTime];
  const leaves = flatten(record).filter(([path]) => !unused.includes(path));
  return {
    identity: hashOf(leaves.filter(([path]) => !ofEngine.includes(path))),
    engine: hashOf(leaves.filter(([path]) => ofEngine.includes(path))),
  };
}

/** Another engine that computes the same net gets the same image but for the last bits. */
const ofEngine: readonly string[] = ["engine.engine", "engine.version", "engine.adapter"];

/** Each machine has its own number, which changes no pixel. */
const ofThreads = "engine.threads";
/** A copy of the input has another; a hash of all its bytes decides. */
const ofTime = "input.modified";

/** In files of tiles samples are as the machine has them. */
const byteOrder = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? "little" : "big";

function hashOf(leaves: readonly (readonly [string, string])[]): string {
  const text = JSON.stringify([formatVersion, byteOrder, ...leaves]);
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/** How `found` differs from `wanted`, a phrase for each difference: "tile 512, not 256". */
export function differences(
  found: RunRecord,
  wanted: RunRecord,
  { anyEngine = false }: { readonly anyEngine?: boolean } = {},
): readonly string[] {
  const [before, now] = [new Map(flatten(found)), new Map(flatten(wanted))];
  const hashed = found.input.content !== undefined && wanted.input.content !== undefined;
  return [...new Set([...before.keys(), ...now.keys()])]
    .filter((key) => before.get(key) !== now.get(key))
    .filter((key) => key !== ofThreads && !(hashed && key === ofTime))
    .filter((key) => !(anyEngine && ofEngine.includes(key)))
    .map((key) => `${wordsOf(key)} ${show(before.get(key))}, not ${show(now.get(key))}`);
}

/** The file as JSON; `parseRunFile` reads it. */
export function formatRunFile({ record, planned }: RunFile): string {
  const file = { format: formatVersion, ...record, planned };
  return `${JSON.stringify(file, numbersAsText, 2)}\n`;
}

/** What a text says, or undefined where it is none of this version's. */
export function parseRunFile(text: string): RunFile | undefined {
  try {
    const { format, input, engine, plan, planned } = JSON.parse(text, textAsNumbers);
    if (format !== formatVersion || !input || !engine || !plan?.grid) return undefined;
    return { record: { input, engine, plan }, ...(planned && { planned }) };
  } catch {
    return undefined;
  }
}

/** JSON has no word for what is not a finite number, and a nodata value may be none; text that looks so is marked. */
const numbersAsText = (_: string, value: unknown): unknown => {
  if (typeof value === "number" && !Number.isFinite(value)) return `number ${value}`;
  return typeof value === "string" && /^(?:number|text) /.test(value) ? `text ${value}` : value;
};

const textAsNumbers = (_: string, value: unknown): unknown => {
  if (typeof value !== "string") return value;
  if (value.startsWith("number ")) return Number(value.slice("number ".length));
  return value.startsWith("text ") ? value.slice("text ".length) : value;
};

/** Every leaf with its path, in alphabetical order. */
function flatten(value: unknown, path = ""): [path: string, leaf: string][] {
  if (typeof value !== "object" || value === null)
    return value === undefined ? [] : [[path, String(value)]];
  return Object.keys(value)
    .sort()
    .flatMap((key) =>
      flatten((value as Record<string, unknown>)[key], path === "" ? key : `${path}.${key}`),
    );
}

/** What a user calls the leaf at a path; the last word of the path is mostly the option's name. */
function wordsOf(path: string): string {
  if (path === "input.fingerprint" || path === "input.content") return "another input:";
  if (path === "input.modified") return "an input modified";
  const [last = path] = path.split(".").slice(path.includes("range") ? -2 : -1);
  return last;
}

function show(leaf: string | undefined): string {
  if (leaf === undefined) return "none";
  return leaf.length > 30 ? `${leaf.slice(0, 12)}…` : leaf;
}
