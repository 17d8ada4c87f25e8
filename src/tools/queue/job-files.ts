/** Lists the files besides the input that the options of a run name: jobs have their paths below the root. */
import { belowRoot, relativeTo } from "./below-root.ts";

/** The options that are paths of files. */
export const fileOptions = ["weights", "net", "mask"] as const;

/** Paths of such files; undefined: the option is not given. */
export type JobFiles = Readonly<Partial<Record<(typeof fileOptions)[number], string>>>;

/** Turns the paths in options into those of a job. @throws OptionError for one outside the root */
export function filesBelow(
  root: string,
  options: Readonly<Partial<Record<(typeof fileOptions)[number], string | undefined>>>,
): Promise<JobFiles> {
  return eachPath(options, (path) => relativeTo(root, path));
}

/** Turns the paths of a job into absolute ones. @throws InputError for one that leaves the root */
export function filesOfJob(root: string, files: JobFiles = {}): Promise<JobFiles> {
  return eachPath(files, (path) => belowRoot(root, path));
}

async function eachPath(
  paths: Readonly<Partial<Record<(typeof fileOptions)[number], string | undefined>>>,
  turn: (path: string) => Promise<string>,
): Promise<JobFiles> {
  const found: Record<string, string> = {};
  for (const key of fileOptions) {
    const path = paths[key];
    if (path !== undefined) found[key] = await turn(path);
  }
  return found;
}
