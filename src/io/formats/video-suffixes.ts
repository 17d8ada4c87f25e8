/** Lists the suffixes of videos, and tells which kind of video a path names. */
import { extname } from "node:path";

/** FFmpeg's reader for each suffix of a container. */
const readers: Readonly<Record<string, string>> = {
  ...{ ".mp4": "mov", ".m4v": "mov", ".mov": "mov" },
  ...{ ".mkv": "matroska", ".webm": "matroska" },
  ".avi": "avi",
  ...{ ".ts": "mpegts", ".mts": "mpegts", ".m2ts": "mpegts" },
  ".flv": "flv",
};

/** The suffixes of videos. */
export const videoSuffixes: readonly string[] = [".y4m", ...Object.keys(readers)];

/** Returns the kind of a path's suffix; undefined: it is no video's. */
export function kindOfSuffix(path: string): "y4m" | "container" | undefined {
  const suffix = extname(path).toLowerCase();
  if (suffix === ".y4m") return "y4m";
  return Object.hasOwn(readers, suffix) ? "container" : undefined;
}

/**
 * FFmpeg's words for reading the file at `path` with the reader of its suffix. Without them FFmpeg takes a name such as
 * http:/a.mp4 for an address, and a playlist with the name of a video for the files that it lists.
 */
export function inputWords(path: string): readonly string[] {
  const reader = readers[extname(path).toLowerCase()];
  const forced = reader === undefined ? [] : ["-f", reader];
  return ["-protocol_whitelist", "file,pipe", ...forced, "-i", fileUrl(path)];
}

/** FFmpeg's name for the file at `path`, whatever characters it has. */
export function fileUrl(path: string): string {
  return `file:${path}`;
}
