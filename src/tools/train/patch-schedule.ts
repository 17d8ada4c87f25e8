/**
 * Plans which side the patches of each step have, and how many make a step: small patches first, larger ones later, with
 * about as many pixels a step (progressive learning of Restormer, Zamir et al., CVPR 2022).
 */
import { integer, invalid } from "../../check.ts";

/** A part of a run, with one side of patches. */
interface PatchPart {
  /** Side of a patch, pixels. */
  readonly side: number;
  /** Share of the run's steps; all of them sum to 1. */
  readonly share: number;
}

export type PatchSchedule = readonly [PatchPart, ...PatchPart[]];

/** Sides of patches are multiples of this: 2^levels of the nets. */
export const patchStep = 16;
const largestSide = 1024;

/**
 * Reads 128, or sides with their shares such as "96:0.5,128:0.3,192:0.2".
 * @throws OptionError
 */
export function patchSchedule(name: string, value: unknown): PatchSchedule {
  const side = (given: unknown) => integer(name, given, patchStep, largestSide, patchStep);
  if (typeof value === "number") return [{ side: side(value), share: 1 }];
  const parts = typeof value === "string" ? value.split(",").map(partIn) : value;
  if (!isParts(parts))
    throw invalid(name, "a side such as 128, or sides with shares such as 96:0.6,192:0.4,", value);
  for (const part of parts) side(part.side);
  const sum = parts.reduce((all, { share }) => all + share, 0);
  if (!(Math.abs(sum - 1) < 1e-6)) throw invalid(name, "shares that sum to 1", value);
  return parts;
}

function partIn(text: string): PatchPart | undefined {
  const [side, share = "1", more] = text.split(":");
  if (more !== undefined || !side?.trim() || !share.trim()) return undefined;
  return { side: Number(side), share: Number(share) };
}

function isParts(value: unknown): value is PatchSchedule {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((part) => part !== undefined && Number.isFinite(part.side) && part.share > 0)
  );
}

/** The schedule as it is written: 128, or "96:0.5,128:0.3,192:0.2". */
export function patchText(schedule: PatchSchedule): number | string {
  if (schedule.length === 1) return schedule[0].side;
  return schedule.map(({ side, share }) => `${side}:${share}`).join(",");
}

/** Consecutive steps with patches of one side. */
export interface PatchPhase {
  readonly side: number;
  /** Patches a step. */
  readonly count: number;
  /** Steps before the first of these, and before the first of the next phase; ∞: this is the last. */
  readonly from: number;
  readonly end: number;
  /** Pairs used before the first step. */
  readonly firstPair: number;
}

export interface PhaseSettings {
  /** Patches a step, of the first side; others have as many as keep the pixels a step about equal, at least one. */
  readonly batch: number;
  /** Of the whole run; undefined: not known yet, so the first phase has no end. */
  readonly iterations: number | undefined;
  /** The first phase has at least this many steps. */
  readonly atLeast: number;
}

/** The phases that have steps, in order; the last has no end. */
export function phasesOf(
  schedule: PatchSchedule,
  { batch, iterations = Number.POSITIVE_INFINITY, atLeast }: PhaseSettings,
): readonly [PatchPhase, ...PatchPhase[]] {
  const [{ side: first }] = schedule;
  const phases: PatchPhase[] = [];
  let [share, from, firstPair] = [0, 0, 0];
  for (const [i, part] of schedule.entries()) {
    share += part.share;
    const last = i === schedule.length - 1;
    const end = last ? Number.POSITIVE_INFINITY : Math.max(atLeast, Math.round(share * iterations));
    if (end <= from) continue;
    const count = countOf(batch, first, part.side);
    phases.push({ side: part.side, count, from, end, firstPair });
    firstPair += (end - from) * count;
    from = end;
    if (end === Number.POSITIVE_INFINITY) break;
  }
  return phases as [PatchPhase, ...PatchPhase[]];
}

/** The smallest number of patches that any step has. */
export function leastPatches(schedule: PatchSchedule, batch: number): number {
  return Math.min(...schedule.map(({ side }) => countOf(batch, schedule[0].side, side)));
}

function countOf(batch: number, first: number, side: number): number {
  return Math.max(1, Math.round(batch * (first / side) ** 2));
}
