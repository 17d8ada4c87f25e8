/** Lists the suffixes of videos, and tells which kind of video a path names. */
import { extname } from "node:path";

const containers = [".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi"];

/** The suffixes of videos. */
export const videoSuffixes: readonly string[] = [".y4m", ...containers];

/** Returns the kind of a path's suffix; undefined: it is no video's. */
export function kindOfSuffix(path: string): "y4m" | "container" | undefined {
  const suffix = extname(path).toLowerCase();
  if (suffix === ".y4m") return "y4m";
  return containers.includes(suffix) ? "container" : undefined;
}
