/** Names a run in a queue, and the jobs of it. */
import { createHash } from "node:crypto";
import { posix } from "node:path";

/** A run in a queue: enough to follow it from any process. */
export interface QueueRun {
  readonly id: string;
  /** The address of Redis; undefined: the variable DEBLUR_QUEUE. */
  readonly queue?: string | undefined;
  /** Of the queue. Default "deblur". */
  readonly name?: string;
}

/** The id of the run of an output: the same for the same path below the root. BullMQ allows no ":" in it. */
export function runIdOf(output: string): string {
  const stem = posix
    .basename(output)
    .replace(/[^\w.-]+/g, "_")
    .slice(0, 60);
  return `${stem}-${createHash("sha256").update(output).digest("hex").slice(0, 8)}`;
}

/** What a run restores. */
export type RunKind = "image" | "folder" | "video";

const kinds: Readonly<Record<string, RunKind>> = {
  assembly: "image",
  folder: "folder",
  join: "video",
};

/** The kinds of jobs that end a run. */
export const endKinds: readonly string[] = Object.keys(kinds);

/** What the run of such a job restores. */
export function kindOfEnd(kind: string): RunKind {
  return kinds[kind] ?? "image";
}
