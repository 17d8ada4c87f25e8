/** The files this process has open, where the system tells. */
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { needs } from "./needs.ts";

const descriptors = "/proc/self/fd";

/** The `describe` and `test` of those that ask for open files. */
export const openFilesTold = needs(descriptors, existsSync(descriptors));

/** Their paths, one for each descriptor, sorted; behind that of a file that is deleted stands " (deleted)". */
export function openFiles(): string[] {
  const paths = readdirSync(descriptors).map((fd) => {
    try {
      return readlinkSync(`${descriptors}/${fd}`);
    } catch {
      // The one that read the folder.
      return "";
    }
  });
  return paths.filter((path) => path.startsWith("/") && !/^\/(?:proc|dev)\//.test(path)).sort();
}
