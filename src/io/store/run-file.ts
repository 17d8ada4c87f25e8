/** Reads and writes `run.json` in the folder of a run: its record. The file appears whole and survives a power cut. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { IoError } from "../../errors.ts";
import { type Disk, namingPath, readWholeFile, writeWholeFile } from "../system/disk.ts";
import { systemCode } from "../system/system-error.ts";
import { formatRunFile, parseRunFile, type RunFile } from "./run-record.ts";

function runFile(folder: string): string {
  return join(folder, "run.json");
}

export function hasRunFile(folder: string, disk: Disk): boolean {
  return namingPath(folder, () => disk.list(folder)).includes("run.json");
}

/** Undefined where there is none, or none of this version's. @throws IoError */
export function readRunFile(folder: string, disk: Disk): RunFile | undefined {
  try {
    return parseRunFile(Buffer.from(readWholeFile(disk, runFile(folder))).toString());
  } catch (error) {
    if (error instanceof IoError && systemCode(error.cause) === "ENOENT") return undefined;
    throw error;
  }
}

/** @throws IoError */
export function writeRunFile(folder: string, file: RunFile, disk: Disk): void {
  const draft = join(folder, `run-${randomUUID()}`);
  const bytes = Buffer.from(formatRunFile(file));
  writeWholeFile(disk, runFile(folder), bytes, { draft, sync: true });
}

/** @throws IoError */
export function removeRunFile(folder: string, disk: Disk): void {
  namingPath(runFile(folder), () => disk.remove(runFile(folder)));
}
