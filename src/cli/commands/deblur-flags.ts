/** Lists the options of `deblur IN -o OUT`, by the names of their table. */
import type { FileOptions } from "../../pipeline/options/file-options.ts";
import type { FilesOptions } from "../../pipeline/run/deblur-files.ts";
import type { VideoOptions } from "../../pipeline/video/video-options.ts";

export interface DeblurFlags extends Omit<FilesOptions, "format">, VideoOptions {
  readonly format: FileOptions["format"] | "rawvideo" | "image2pipe";
  readonly output: string;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly help: boolean;
  readonly version: boolean;
}
