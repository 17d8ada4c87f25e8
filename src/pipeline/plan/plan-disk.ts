/** Estimates the bytes a run needs on the disk of its output, and checks before it begins that they are free. */
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

/** What lies on the disk at the same time. */
export interface DiskUse {
  readonly width: number;
  readonly height: number;
  /** Bytes a pixel of the input and of the output, without compression. */
  readonly sourceBytes: number;
  readonly outputBytes: number;
  /** The input is decoded into the run's folder. */
  readonly spooled: boolean;
  /** Tiles are kept in files, all or a share of them; undefined: they wait in memory. */
  readonly stored: { readonly grid: Grid; readonly share?: number } | undefined;
  /** Rows without compression are written before the output is encoded from them. */
  readonly rows: boolean;
  /** Of the output, as a share of the same without compression. */
  readonly share: number;
  /** Overviews, and a second file while it is put together. */
  readonly cog: boolean;
}

/** Bytes, and of which parts. */
export interface DiskNeed {
  readonly spool: number;
  readonly tiles: number;
  readonly output: number;
  readonly needed: number;
  /** To whoever runs this; more than that may be free. None: the file system tells no size. */
  readonly available: number | undefined;
}

/** Bytes of each part. What encoders make of a picture is an estimate. */
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

/** The files of all tiles; rounding apart. */
function storedBytes(
  grid: Grid,
  { sourceBytes, outputBytes }: Pick<DiskUse, "sourceBytes" | "outputBytes">,
): number {
  const [x, y] = [lengths(grid.across), lengths(grid.down)];
  const own = x.alone * y.alone;
  const four = x.seams * y.seams;
  const two = x.alone * y.seams + x.seams * y.alone;
  // Of a seam every tile has its residual, three floats a pixel, and the first one the source.
  const seam = (tiles: number): number => tiles * 12 + sourceBytes;
  return own * outputBytes + two * seam(2) + four * seam(4) + grid.count * storedHeaderBytes;
}

/** Pixels of an axis that one tile has alone, and that two share. */
function lengths(axis: Axis): { readonly alone: number; readonly seams: number } {
  if (axis.count === 1) return { alone: axis.length, seams: 0 };
  const { start, end } = segmentSpan(axis, 1);
  const seams = (end - start) * (axis.count - 1);
  return { alone: axis.length - seams, seams };
}

/**
 * The need of a run that makes `output`, less the `there` bytes it has kept before, on the disk of `folder`.
 * @throws IoError where the disk has not so much, OutputError where there is no such folder
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
  const kept = there > 0 ? `, less ${inBytes(there)} that are there` : "";
  throw new IoError(
    output,
    `Expected ${inBytes(needed)} free on its disk (${each}${kept}) but found ${inBytes(available)}`,
  );
}

async function availableAt(folder: string, output: string): Promise<number | undefined> {
  try {
    const { blocks, bavail, bsize } = await statfs(folder);
    // Of no size at all are file systems that count none: those of the kernel, some on a network.
    return blocks === 0 ? undefined : bavail * bsize;
  } catch (cause) {
    throw outputFolderError(output, cause);
  }
}

/** What an encoder makes of samples, as a share of them: of photographs, a guess for all but plain TIFF. */
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

/** Bytes of the tiles stored in the folder of a run, of a range or all. @throws IoError */
export function bytesOfTiles(
  folder: string,
  { start, end }: TileRange = { start: 0, end: Number.POSITIVE_INFINITY },
): number {
  const tiles = tilesIn(folder);
  return listTiles(tiles, systemDisk)
    .filter((index) => index >= start && index < end)
    .map((index) => statSync(tileFile(tiles, index), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
}
