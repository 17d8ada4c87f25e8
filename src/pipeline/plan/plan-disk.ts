/** Estimates the bytes a run needs on the disk of its output, and checks before the run that they are free. */
import { statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { IoError } from "../../errors.ts";
import { type Axis, segmentSpan } from "../../image/tiling/axis.ts";
import type { Grid } from "../../image/tiling/grid.ts";
import type { OutputForm } from "../../io/formats/output-form.ts";
import { storedHeaderBytes } from "../../io/store/stored-layout.ts";
import { listTiles, tileFile, tilesIn } from "../../io/store/tile-names.ts";
import { systemDisk } from "../../io/system/disk.ts";
import { outputFolderError } from "../../io/system/run-folder.ts";
import { inBytes } from "../../text/byte-size.ts";
import type { TileRange } from "../store-image.ts";
import type { Settled } from "./plan-memory.ts";

/** The files on the disk at the same time. */
export interface DiskUse {
  readonly width: number;
  readonly height: number;
  /** Bytes per pixel of the input and of the output, without compression. */
  readonly sourceBytes: number;
  readonly outputBytes: number;
  /** The input is decoded into the run's folder. */
  readonly spooled: boolean;
  /** All tiles, or a share of them, are kept in files; undefined: they wait in memory. */
  readonly stored: { readonly grid: Grid; readonly share?: number } | undefined;
  /** Rows without compression are written first, and the output is encoded from them. */
  readonly rows: boolean;
  /** Size of the output relative to the same without compression. */
  readonly share: number;
  /** The output has overviews, and a second file exists while it is assembled. */
  readonly cog: boolean;
}

/** The bytes a run needs, by part. */
export interface DiskNeed {
  readonly spool: number;
  readonly tiles: number;
  readonly output: number;
  readonly needed: number;
  /** Bytes available to the user, who may have less than is free; undefined: the file system reports no size. */
  readonly available: number | undefined;
}

/** Returns the bytes of each part; the size of an encoded output is an estimate. */
export function diskOf(use: DiskUse): Omit<DiskNeed, "needed" | "available"> {
  const pixels = use.width * use.height;
  const plain = pixels * use.outputBytes;
  const output = plain * use.share * (use.cog ? (2 * 4) / 3 : 1);
  return {
    spool: use.spooled ? pixels * use.sourceBytes : 0,
    tiles: use.stored ? Math.round(storedBytes(use.stored.grid, use) * (use.stored.share ?? 1)) : 0,
    output: Math.round(output + (use.rows ? plain : 0)),
  };
}

/** Returns the bytes of all tile files, apart from rounding. */
function storedBytes(
  grid: Grid,
  { sourceBytes, outputBytes }: Pick<DiskUse, "sourceBytes" | "outputBytes">,
): number {
  const [x, y] = [lengths(grid.across), lengths(grid.down)];
  const own = x.alone * y.alone;
  const four = x.seams * y.seams;
  const two = x.alone * y.seams + x.seams * y.alone;
  // Every tile at a seam keeps its residual there, three floats a pixel; the first one also keeps the source.
  const seam = (tiles: number): number => tiles * 12 + sourceBytes;
  return own * outputBytes + two * seam(2) + four * seam(4) + grid.count * storedHeaderBytes;
}

/** Returns the pixels of an axis that belong to one tile alone, and those that two tiles share. */
function lengths(axis: Axis): { readonly alone: number; readonly seams: number } {
  if (axis.count === 1) return { alone: axis.length, seams: 0 };
  const { start, end } = segmentSpan(axis, 1);
  const seams = (end - start) * (axis.count - 1);
  return { alone: axis.length - seams, seams };
}

/**
 * Checks that the disk of `folder` has room for the run of `output`, less the `there` bytes kept from before.
 * @throws IoError if the disk has less; OutputError if the folder does not exist
 */
export async function assertRoom(
  output: string,
  use: DiskUse,
  {
    there = 0,
    folder = dirname(output),
  }: { readonly there?: number; readonly folder?: string } = {},
): Promise<DiskNeed> {
  const parts = diskOf(use);
  const needed = Math.max(0, parts.spool + parts.tiles + parts.output - there);
  const available = await availableAt(folder, output);
  if (available === undefined || needed <= available) return { ...parts, needed, available };
  const { spool, tiles, output: made } = parts;
  const each = [
    ...(spool > 0 ? [`${inBytes(spool)} for the decoded input`] : []),
    ...(tiles > 0 ? [`${inBytes(tiles)} for tiles`] : []),
    ...(made > 0 ? [`${inBytes(made)} for the output`] : []),
  ].join(", ");
  const kept = there > 0 ? `, less ${inBytes(there)} kept from before` : "";
  throw new IoError(
    output,
    `Expected ${inBytes(needed)} free on its disk (${each}${kept}) but found ${inBytes(available)}`,
    // As when the disk is found full later.
    { cause: Object.assign(new Error("no space left on device"), { code: "ENOSPC" }) },
  );
}

async function availableAt(folder: string, output: string): Promise<number | undefined> {
  try {
    const { blocks, bavail, bsize } = await statfs(folder);
    // File systems of the kernel, and some on a network, count no blocks.
    return blocks === 0 ? undefined : bavail * bsize;
  } catch (cause) {
    throw outputFolderError(output, cause);
  }
}

/** Returns the size of an encoded photograph relative to its samples; an estimate, except for plain TIFF. */
export function shareOf(
  { format }: Pick<OutputForm, "format">,
  { compression }: Pick<Settled, "compression">,
): number {
  switch (format) {
    case "tiff":
      return compression === "none" ? 1 : 0.7;
    case "png":
      return 0.7;
    default:
      return 0.3;
  }
}

/** Returns the bytes of the tiles stored in a run's folder, in a range or all. @throws IoError */
export function bytesOfTiles(
  folder: string,
  range: TileRange = { start: 0, end: Number.POSITIVE_INFINITY },
): number {
  const tiles = tilesIn(folder);
  return listTiles(tiles, systemDisk, range)
    .map((index) => statSync(tileFile(tiles, index), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
}
