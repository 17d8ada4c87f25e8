/**
 * Finds blurry and sharp images of a folder, two by two, in the layouts of deblurring data sets. One folder of a path
 * says which side an image is on (blur/, sharp/; input/, target/; val_blur/, gt/ …); images belong together where the
 * rest of the path is the same.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, extname, join, relative, resolve, sep } from "node:path";
import { InputError, IoError, NoInputError } from "../../errors.ts";
import { isImage } from "../formats/image-formats.ts";
import { systemCode, systemMessage } from "../system/system-error.ts";

interface Pair {
  /** What the two paths have in common, for tables. */
  readonly name: string;
  readonly blurry: string;
  readonly sharp: string;
}

export interface FoundPairs {
  /** By name. */
  readonly pairs: readonly Pair[];
  /** Images on one side without a partner. */
  readonly unpaired: readonly string[];
}

type Side = "blurry" | "sharp";

/** Of GoPro, REDS, RealBlur, HIDE and what restoration code bases call the two sides. */
const sides: Readonly<Record<Side, RegExp>> = {
  blurry: /^(?:blur|blurry|input|lq|test-close-ups|test-long-shot|.+_blur)$/i,
  sharp: /^(?:sharp|target|gt|hq|ground[-_]?truth|.+_sharp)$/i,
};

/** True for an image in a folder that says its images are sharp. */
export function isSharpSide(entry: string): boolean {
  return placeOf(entry)?.side === "sharp";
}

/**
 * Pairs the images of a folder, or those a list names: a text file with a sharp and a blurry path a line,
 * relative to the list (RealBlur's).
 * @throws NoInputError where there is nothing, InputError where nothing pairs or a name is ambiguous, IoError
 */
export async function findPairs(path: string): Promise<FoundPairs> {
  const found = await stat(path).catch(rethrow(path));
  if (found.isFile()) return { pairs: await readList(path), unpaired: [] };
  const entries = await readdir(path, { recursive: true }).catch(rethrow(path));
  const byKey: Record<Side, Map<string, string>> = { blurry: new Map(), sharp: new Map() };
  for (const entry of entries.filter(isImage).sort()) {
    const place = placeOf(entry);
    if (place === undefined) continue;
    const other = byKey[place.side].get(place.key);
    if (other !== undefined)
      throw new InputError(path, `${other} and ${entry} are the same picture's ${place.side} side`);
    byKey[place.side].set(place.key, entry);
  }
  const { pairs, unpaired } = match(byKey, path);
  if (pairs.length > 0) return { pairs, unpaired };
  throw new InputError(
    path,
    "Expected pictures in folders named blur and sharp, input and target, or the like, with equal names " +
      `but found ${entries.length === 0 ? "an empty folder" : "no such pair"}`,
  );
}

/** The side a path is on, and the path without the word that names the side. */
function placeOf(entry: string): { readonly side: Side; readonly key: string } | undefined {
  const folders = dirname(entry).split(sep);
  for (const side of ["blurry", "sharp"] as const) {
    const at = folders.findLastIndex((folder) => sides[side].test(folder));
    if (at < 0) continue;
    const rest = folders.toSpliced(at, 1).filter((folder) => folder !== ".");
    // RealBlur says the side in the file's name too.
    const stem = basename(entry, extname(entry)).replace(/^(?:blur|gt|sharp)_/i, "");
    return { side, key: [...rest, stem].join("/") };
  }
  return undefined;
}

/**
 * The sharp partner of one blurry image: where a folder of its path says that it is on the blurry side, the
 * image of that name on the sharp side beside that folder. Undefined where there is none.
 */
export async function findPartner(image: string): Promise<string | undefined> {
  const folders = dirname(resolve(image)).split(sep);
  const at = folders.findLastIndex((folder) => sides.blurry.test(folder));
  if (at < 0) return undefined;
  const root = folders.slice(0, at).join(sep) || sep;
  const beside = await readdir(root).catch(() => []);
  const key = placeOf(relative(root, resolve(image)))?.key;
  for (const folder of beside.filter((name) => sides.sharp.test(name)).sort()) {
    const below = join(root, folder, ...folders.slice(at + 1));
    const names = await readdir(below).catch(() => []);
    for (const name of names.filter(isImage).sort()) {
      const candidate = join(below, name);
      if (placeOf(relative(root, candidate))?.key === key) return candidate;
    }
  }
  return undefined;
}

function match({ blurry, sharp }: Record<Side, Map<string, string>>, folder: string): FoundPairs {
  const pairs: Pair[] = [];
  const used = new Set<string>();
  const unpaired: string[] = [];
  for (const [name, entry] of blurry) {
    const key = partnerKeys(name).find((candidate) => sharp.has(candidate));
    const partner = key && sharp.get(key);
    if (!key || !partner) unpaired.push(entry);
    else {
      used.add(key);
      pairs.push({ name, blurry: join(folder, entry), sharp: join(folder, partner) });
    }
  }
  for (const [key, entry] of sharp) if (!used.has(key)) unpaired.push(entry);
  return { pairs: pairs.sort((a, b) => (a.name < b.name ? -1 : 1)), unpaired: unpaired.sort() };
}

/** The key itself; then, as in HIDE, folders nearer the root that hold the sharp side of all below them. */
function partnerKeys(key: string): readonly string[] {
  const folders = key.split("/");
  const stem = folders.pop() as string;
  return [key, ...folders.map((_, at) => [...folders.slice(0, at), stem].join("/")).reverse()];
}

/** RealBlur's lists: "…/gt/gt_9.png …/blur/blur_9.png", one pair a line. */
async function readList(path: string): Promise<readonly Pair[]> {
  const text = await readFile(path, "utf8").catch(rethrow(path));
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  if (lines.length === 0)
    throw new InputError(path, "Expected a pair of paths a line but found none");
  return lines.map((line, at) => {
    const words = line.trim().split(/\s+/);
    const [sharp, blurry] = words;
    if (words.length !== 2 || sharp === undefined || blurry === undefined)
      throw new InputError(
        path,
        `Expected a sharp and a blurry path in line ${at + 1} but found ${JSON.stringify(line.slice(0, 80))}`,
      );
    const [sharpPath, blurryPath] = [join(dirname(path), sharp), join(dirname(path), blurry)];
    return { name: blurry, blurry: blurryPath, sharp: sharpPath };
  });
}

function rethrow(path: string): (cause: unknown) => never {
  return (cause) => {
    const code = systemCode(cause);
    if (code === undefined) throw cause;
    if (code === "ENOENT") throw new NoInputError(path, "no such file or folder", { cause });
    throw new IoError(path, systemMessage(cause), { cause });
  };
}
