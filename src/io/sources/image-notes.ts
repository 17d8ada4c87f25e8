/** What a user should know of how a picture is read: lines on what becomes of it, and what is left behind. */
import type { Metadata } from "sharp";
import type { OwnWords } from "./read-metadata.ts";

/** Lines for the picture at `path`; none for one that is read as it is. */
export function notesOn(
  path: string,
  found: Metadata,
  { png, sequence }: OwnWords & { readonly sequence: boolean },
): readonly string[] {
  const images = found.format === "tiff" ? 1 : (png?.frames ?? found.pages ?? 1);
  const bits = found.bitsPerSample ?? 8;
  const profile = found.icc ? "its profile" : "a general profile, it has none";
  const notes: (string | false)[] = [
    sequence && "a film; the still picture in it is read",
    images > 1 && `${images} pictures; the ${found.format === "heif" ? "main" : "first"} is read`,
    found.space === "cmyk" && `inks (CMYK) become sRGB by ${profile}`,
    found.isPalette && "its palette becomes plain colours",
    !found.isPalette && bits < 8 && `${bits}-bit samples become 8-bit`,
    found.gainMap !== undefined && "its gain map (HDR) is left out",
  ];
  return notes.filter((note) => note !== false).map((note) => `${path}: ${note}`);
}
