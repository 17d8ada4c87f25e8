/**
 * All that the result of a tile depends on, as one record: two runs whose records agree may share tiles, two whose
 * records differ may not, and the difference can be told in words.
 */
import { createHash } from "node:crypto";
import type { EngineIdentity } from "../../model/engine.ts";
import type { StorePlan } from "./tile-layout.ts";

export interface RunRecord {
  /** Of the input, not its name: the same picture elsewhere is the same. */
  readonly input: { readonly fingerprint: string };
  readonly engine: EngineIdentity;
  readonly plan: StorePlan;
}

/** Changes when stored tiles of an older version can no longer be used. */
const formatVersion = 1;

/** What a run is known by in the files of its tiles: 16 bytes, hex. */
export function identityOf(record: RunRecord): string {
  const text = JSON.stringify([formatVersion, ...flatten(record)]);
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/** How `found` differs from `wanted`, a phrase for each difference: "tile 512, not 256". */
export function differences(found: RunRecord, wanted: RunRecord): readonly string[] {
  const [before, now] = [new Map(flatten(found)), new Map(flatten(wanted))];
  return [...new Set([...before.keys(), ...now.keys()])]
    .filter((key) => before.get(key) !== now.get(key))
    .map((key) => `${wordsOf(key)} ${show(before.get(key))}, not ${show(now.get(key))}`);
}

/** The record as JSON; `parseRecord` reads it. */
export function formatRecord(record: RunRecord): string {
  return `${JSON.stringify({ format: formatVersion, ...record }, numbersAsText, 2)}\n`;
}

/** The record in a text, or undefined where it is none of this version's. */
export function parseRecord(text: string): RunRecord | undefined {
  try {
    const found = JSON.parse(text, textAsNumbers);
    const whole = found.format === formatVersion && found.input && found.engine && found.plan?.grid;
    return whole ? { input: found.input, engine: found.engine, plan: found.plan } : undefined;
  } catch {
    return undefined;
  }
}

/** JSON has no word for what is not a finite number, and a nodata value may be none. */
const numbersAsText = (_: string, value: unknown): unknown =>
  typeof value === "number" && !Number.isFinite(value) ? `number ${value}` : value;

const textAsNumbers = (_: string, value: unknown): unknown =>
  typeof value === "string" && value.startsWith("number ") ? Number(value.slice(7)) : value;

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
  if (path === "input.fingerprint") return "another input:";
  const [last = path] = path.split(".").slice(path.includes("range") ? -2 : -1);
  return last;
}

function show(leaf: string | undefined): string {
  if (leaf === undefined) return "none";
  return leaf.length > 20 ? `${leaf.slice(0, 12)}…` : leaf;
}
