/**
 * Names the files of a Deep Zoom pyramid: its description and its folder of tiles. This file loads no sharp, unlike
 * pyramid.ts, because the help of a command must not wait for it.
 */
import { join, parse } from "node:path";

export interface PyramidParts {
  readonly description: string;
  readonly tiles: string;
}

/** Where the description of the pyramid of the image at `path` goes. */
export function pyramidDescription(path: string): string {
  return partsOf(stemOf(path)).description;
}

/** `path` without its suffix. */
export function stemOf(path: string): string {
  const { dir, name } = parse(path);
  return join(dir, name);
}

export function partsOf(stem: string): PyramidParts {
  return { description: `${stem}.dzi`, tiles: `${stem}_files` };
}
