/**
 * Writes a folder of pairs: blur/, sharp/, on request kernels/, and pairs.json, which records the options. The blurry
 * image is written last and marks a complete pair, so the same call can resume.
 */
import { mkdir, readdir, readFile, rm, rmdir, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { IoError, OptionError, OutputError } from "../../errors.ts";
import { publish, replaceFile } from "../../io/system/publish.ts";
import { systemCode, systemMessage } from "../../io/system/system-error.ts";

/** The options that decide pixels, by name. */
export type PairsIdentity = Readonly<Record<string, unknown>>;

/** Suffixes of a pair's files by folder, in the order in which they are written. */
export const pairFiles = { sharp: ".png", kernels: ".safetensors", blur: ".png" } as const;

/** One of the folders of pairs. */
export type PairSide = keyof typeof pairFiles;

const sides = Object.keys(pairFiles) as PairSide[];

export interface PairsFolder {
  /** True for the name of a complete pair. */
  has(name: string): boolean;
  /** Moves the finished files of a pair, all on the folder's disk, to their names. @throws IoError, OutputError */
  publish(name: string, files: Partial<Record<PairSide, string>>): Promise<void>;
  /** Removes the folder where no pair was made and it is empty. */
  close(): Promise<void>;
}

/** "00007-street": the pair's number and the image's name. */
export function pairName(index: number, image: string): string {
  const stem = basename(image, extname(image)).slice(0, 60);
  return `${String(index).padStart(5, "0")}-${stem}`;
}

const ofPair = /^\d{5,}-.*\.(?:png|safetensors)$/;

/**
 * Refuses, before any work, a folder that cannot hold these pairs.
 * @throws OutputError where `path` is no folder or holds other files; OptionError where its pairs have other options
 */
export async function checkPairsFolder(
  path: string,
  identity: PairsIdentity,
  { force }: { readonly force: boolean },
): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isDirectory()) throw new OutputError(path, "exists and is not a folder");
  const entries = await readdir(path).catch(refused(path));
  const made = await identityAt(path);
  if (made !== undefined) return force ? undefined : refuseOther(path, made, identity);
  if (entries.some((name) => !name.startsWith(".")))
    throw new OutputError(path, "holds other files; choose an empty folder or a new one");
}

/**
 * Makes the folder, after `checkPairsFolder`; with `force` its pairs are deleted first.
 * @throws OutputError where it cannot be made, IoError
 */
export async function openPairsFolder(
  path: string,
  identity: PairsIdentity,
  { force, keepKernels }: { readonly force: boolean; readonly keepKernels: boolean },
): Promise<PairsFolder> {
  for (const side of sides) {
    const folder = join(path, side);
    if (force) await removePairs(folder);
    if (side === "kernels" && !keepKernels) continue;
    await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
      throw new OutputError(path, `cannot be made (${systemMessage(cause)})`, { cause });
    });
  }
  await replaceFile(join(path, "pairs.json"), `${JSON.stringify(identity, null, 2)}\n`);
  const made = new Set(await readdir(join(path, "blur")).catch(refused(path)));
  return {
    has: (name) => made.has(`${name}${pairFiles.blur}`),
    async publish(name, files) {
      for (const side of sides) {
        const file = files[side];
        const target = join(path, side, `${name}${pairFiles[side]}`);
        // Files without their blurry image belong to an incomplete pair.
        if (file !== undefined) await publish(file, target, { force: true });
      }
      made.add(`${name}${pairFiles.blur}`);
    },
    async close() {
      if (made.size > 0) return;
      await rm(join(path, "pairs.json"), { force: true });
      for (const folder of [...sides.map((side) => join(path, side)), path]) {
        // Missing, or it holds other files.
        await rmdir(folder).catch(() => {});
      }
    },
  };
}

async function identityAt(path: string): Promise<PairsIdentity | undefined> {
  const text = await readFile(join(path, "pairs.json"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as PairsIdentity;
  } catch (cause) {
    throw new OutputError(path, "its pairs.json cannot be read", { cause });
  }
}

/** Facts of an identity that no option of that name gives. */
const notOptions: ReadonlySet<string> = new Set(["package", "pictures"]);

function refuseOther(path: string, made: PairsIdentity, now: PairsIdentity): void {
  const names = new Set([...Object.keys(made), ...Object.keys(now)]);
  const other = [...names].filter(
    (name) => JSON.stringify(made[name]) !== JSON.stringify(now[name]),
  );
  if (other.length === 0) return;
  const list = other.map(
    (name) =>
      `${notOptions.has(name) ? name : `\`${name}\``} ${shown(made[name])}, now ${shown(now[name])}`,
  );
  throw new OptionError(
    `Expected what the pairs in ${path} were made with but received ${list.join("; ")}; give that, another \`output\`, or \`force\``,
  );
}

function shown(value: unknown): string {
  if (Array.isArray(value) && value.length > 3) return `${value.length}`;
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "none");
}

async function removePairs(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => ofPair.test(one))) {
    await rm(join(folder, name)).catch(refused(folder));
  }
}

function refused(path: string): (cause: unknown) => never {
  return (cause) => {
    if (systemCode(cause) === undefined) throw cause;
    throw new IoError(path, systemMessage(cause), { cause });
  };
}
