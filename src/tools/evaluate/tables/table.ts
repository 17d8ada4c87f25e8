/**
 * Defines what a table of an evaluation receives, and the columns that all tables share. The tables of a report's page
 * are in tools/html/page/tables.js; a metric added here is to be shown there, too.
 */
import type { Scale } from "../../../image/tiling/grid.ts";
import type { EngineIdentity } from "../../../model/engine.ts";
import { gainOf, type Score, type Summary } from "../score.ts";

/** Called in this order for each set: start, a picture or a failure for each subject, end. */
export interface Table {
  start(set: SetFacts): void;
  picture(score: Score): void;
  failure(name: string, error: Error & { readonly exitCode: number }): void;
  end(summary: Summary, means: readonly Mean[]): void;
}

/** A set as it is known before its first image. */
export interface SetFacts {
  /** As the caller named it. */
  readonly set: string;
  readonly names: readonly string[];
  /** There are sharp images to compare with. */
  readonly truth: boolean;
  readonly baseline: boolean;
  /** Images are aligned with the ground truth before they are compared. */
  readonly align: boolean;
  /** The net estimates kernels. */
  readonly kernels: boolean;
  readonly engine: EngineIdentity;
  readonly preset: string | undefined;
  readonly tile: number;
  readonly halo: number;
  readonly scale: Scale;
}

export interface Column {
  /** For programs: psnr_before. */
  readonly key: string;
  /** Two lines of a heading: "PSNR" over "before". */
  readonly group: string;
  readonly head: string;
  readonly digits: number;
  /** With a + where it is positive. */
  readonly signed?: boolean;
  of(score: Score): number | undefined;
}

/** A column and the mean of its values; undefined: the column is empty. */
export interface Mean {
  readonly key: string;
  readonly value: number | undefined;
}

/** The columns of a set that can hold values. */
export function columnsOf({
  truth,
  baseline,
  align,
  kernels,
}: Omit<SetFacts, "names">): readonly Column[] {
  const likeness = [
    ...likenessColumns("psnr", "PSNR", 2, baseline),
    ...likenessColumns("ssim", "SSIM", 4, baseline),
    ...(align ? [] : likenessColumns("ssim3d", "3-D SSIM", 4, baseline)),
  ];
  return [
    ...(truth ? likeness : []),
    ...(kernels ? reblurColumns : []),
    ...(truth ? [] : sharpnessColumns(baseline)),
    { key: "seconds", group: "", head: "s", digits: 1, of: ({ seconds }) => seconds },
  ];
}

export function meansOf(columns: readonly Column[], scores: readonly Score[]): readonly Mean[] {
  return columns.map(({ key, of }) => {
    const values = scores.map(of).filter((value) => value !== undefined);
    const sum = values.reduce((a, b) => a + b, 0);
    return { key, value: values.length === 0 ? undefined : sum / values.length };
  });
}

/** "+0.12", "26.46", "∞"; "–" for nothing. */
export function shown(value: number | undefined, { digits, signed }: Column): string {
  if (value === undefined || Number.isNaN(value)) return "–";
  const size = Number.isFinite(value) ? Math.abs(value).toFixed(digits) : "∞";
  const zero = Number(size) === 0;
  const sign = value < 0 && !zero ? "−" : signed && !zero ? "+" : "";
  return `${sign}${size}`;
}

/** The result of a set in one line, with a second line where images failed. */
export function summaryLines({ pictures, failed, gain }: Summary): readonly string[] {
  const db: Column = { key: "", group: "", head: "", digits: 3, signed: true, of: gainOf };
  const failures = failed === 0 ? [] : [`${failed} of ${pictures + failed} pictures failed`];
  if (gain === undefined) return failures;
  const { mean, low, high, better, worse, worst } = gain;
  const interval = `95 % interval ${shown(low, db)} to ${shown(high, db)}`;
  const counts = `${better} better, ${worse} worse, ${pictures - better - worse} equal`;
  const least = `least: ${worst.name} (${shown(worst.gain, db)})`;
  return [`mean gain ${shown(mean, db)} dB, ${interval}; ${counts}; ${least}`, ...failures];
}

type LikenessKey = "psnr" | "ssim" | "ssim3d";

function likenessColumns(
  key: LikenessKey,
  group: string,
  digits: number,
  baseline: boolean,
): readonly Column[] {
  const column = (which: "before" | "after" | "baseline", head: string): Column => ({
    key: `${key}_${which}`,
    group,
    head,
    digits,
    of: ({ likeness }) => likeness?.[which]?.[key],
  });
  const gain: Column = { key: "gain", group, head: "gain", digits, signed: true, of: gainOf };
  return [
    column("before", "before"),
    column("after", "after"),
    ...(key === "psnr" ? [gain] : []),
    ...(baseline ? [column("baseline", "R–L")] : []),
  ];
}

const reblurColumns: readonly Column[] = [
  { key: "reblur_psnr", group: "re-blur", head: "PSNR", digits: 2, of: (it) => it.reblur?.psnr },
  { key: "reblur_ssim", group: "re-blur", head: "SSIM", digits: 4, of: (it) => it.reblur?.ssim },
];

function sharpnessColumns(baseline: boolean): readonly Column[] {
  const column = (which: "before" | "after" | "baseline", head: string): Column => ({
    key: `sharpness_${which}`,
    group: "Laplacian variance",
    head,
    digits: 1,
    of: ({ sharpness }) => sharpness?.[which],
  });
  const both = [column("before", "before"), column("after", "after")];
  return baseline ? [...both, column("baseline", "R–L")] : both;
}
