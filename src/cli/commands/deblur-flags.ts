/** Adds the command's own flags to the options of files and of videos. */
import type { FileOptions } from "../../pipeline/options/file-options.ts";
import type { FilesOptions } from "../../pipeline/run/deblur-files.ts";
import type { VideoOptions } from "../../pipeline/video/video-options.ts";

export interface DeblurFlags extends Omit<FilesOptions, "format">, VideoOptions {
  readonly format: FileOptions["format"] | "y4m" | "rawvideo" | "image2pipe";
  readonly output: string;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly help: boolean;
  readonly version: boolean;
}
