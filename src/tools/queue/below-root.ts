/**
 * Keeps the paths of jobs below the root of a worker. A job has paths relative to it, with "/"; links that lead out are
 * refused, too.
 */
import { lstat, realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep, win32 } from "node:path";
import { InputError, NoInputError, OptionError } from "../../errors.ts";
import { isAddress } from "../../io/system/http-bytes.ts";
import { systemCode, unreadable } from "../../io/system/system-error.ts";

/** The real path of a root. @throws NoInputError where it does not exist */
export async function realRoot(root: string): Promise<string> {
  return realpath(root).catch((cause: unknown) => {
    throw unreadable(root, cause);
  });
}

/** True for a path that stays below its root as far as its text shows. */
export function isBelow(path: string): boolean {
  if (path === "" || path.includes("\0") || path.includes("\\") || isAddress(path)) return false;
  if (isAbsolute(path) || win32.isAbsolute(path) || /^[a-z]:/i.test(path)) return false;
  return path.split("/").every((part) => part !== ".." && part !== "");
}

/**
 * The absolute path of a job's `path` below `root`, which is a real path. It need not exist.
 * @throws InputError where it leaves the root
 */
export async function belowRoot(root: string, path: string): Promise<string> {
  const leaves = () =>
    new InputError(path, "the job's path leaves the root of this worker; it is refused");
  if (!isBelow(path)) throw leaves();
  const full = join(root, path);
  const real = await realOf(full);
  if (!isInside(root, real)) throw leaves();
  return full;
}

/**
 * The path of a file relative to `root`, for a job. A file that exists is followed to where it is.
 * @throws OptionError where it is not below the root; NoInputError where its folder does not exist
 */
export async function relativeTo(root: string, path: string): Promise<string> {
  const full = resolve(path);
  if (isAddress(path)) {
    throw new OptionError(`Expected a file below the root ${root} but received ${path}`);
  }
  const parent = await realpath(dirname(full)).catch((cause: unknown) => {
    throw new NoInputError(dirname(full), "no such folder", { cause });
  });
  const at = join(parent, basename(full));
  const found = relative(root, at).split(sep).join("/");
  const inside = isInside(root, at) && isInside(root, await realOf(at));
  if (inside && isBelow(found)) return found;
  throw new OptionError(
    `Expected a path below the root ${root} but received ${JSON.stringify(path)}; \`root\` names another`,
  );
}

function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : `${root}${sep}`);
}

/** The real path; of one that does not exist, that of its nearest folder with the rest. Outside: a link to nowhere. */
async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const isLink = await lstat(path).then(
      (found) => found.isSymbolicLink(),
      () => false,
    );
    if (isLink || systemCode(error) !== "ENOENT" || dirname(path) === path) return `${sep}\0`;
    return join(await realOf(dirname(path)), basename(path));
  }
}
