/**
 * The folder in which a long run keeps what it has, beside its output: `.OUT.deblur/`, with the record of the run
 * and its tiles. It outlives the process; the same command finds it and goes on.
 */
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { IoError, OutputError } from "../../errors.ts";
import { outputFolderError } from "../run-folder.ts";
import { systemCode, systemMessage } from "../system-error.ts";
import { lockFolder } from "./lock.ts";
import { differences, formatRecord, parseRecord, type RunRecord } from "./run-record.ts";

export interface RunState {
  readonly path: string;
  /** Gives the folder free for another process; what is in it stays. Idempotent. */
  close(): Promise<void>;
  /** Deletes the folder with all it holds. */
  remove(): Promise<void>;
}

/** Where the state of the run that makes `output` lies. */
export function statePath(output: string): string {
  // With the rest it must stay under the 255 bytes of a file name.
  return join(dirname(output), `.${basename(output).slice(0, 60)}.deblur`);
}

/**
 * Opens the state's folder for this process, made where there is none.
 * @throws OutputError where it cannot be made or another process works in it, IoError where the disk refuses
 */
export async function openRunState(output: string): Promise<RunState> {
  const path = statePath(output);
  await mkdir(path).catch((cause: unknown) => {
    if (systemCode(cause) !== "EEXIST") throw outputFolderError(output, cause);
  });
  const unlock = await lockFolder(path, output);
  return {
    path,
    close: unlock,
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

/**
 * Makes the folder the run's that `record` describes: where it holds such a run already, or none, it stays as it
 * is; with `startOver` what is there goes first.
 * @throws OutputError saying what differs, where it holds another run; IoError where the disk refuses
 */
export async function enterRun(
  output: string,
  folder: string,
  record: RunRecord,
  { startOver }: { readonly startOver: boolean },
): Promise<void> {
  const file = join(folder, "run.json");
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    if (systemCode(cause) === "ENOENT") return undefined;
    throw new IoError(file, systemMessage(cause), { cause });
  });
  const found = text === undefined || startOver ? undefined : parseRecord(text);
  if (found !== undefined) {
    const differing = differences(found, record);
    if (differing.length === 0) return;
    throw new OutputError(
      output,
      `an unfinished run of it had ${differing.join("; ")}: the command as it was goes on, --no-resume starts over`,
    );
  }
  try {
    await rm(join(folder, "tiles"), { recursive: true, force: true });
    await writeWhole(file, formatRecord(record));
  } catch (cause) {
    throw new IoError(file, systemMessage(cause), { cause });
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(`${path}.part`, "w");
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.part`, path);
}
