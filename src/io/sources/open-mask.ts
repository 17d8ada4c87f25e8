/** Opens an image as the mask of another: turned and scaled to it, white where it is restored. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { plainRadiometry } from "../../image/radiometry.ts";
import type { ImageSource } from "../../image/raster.ts";
import { resized } from "../../image/resized.ts";
import { inverseOrientation, uprightSize, uprightSource } from "../../image/upright.ts";
import { openInput } from "./open-input.ts";
import type { OpenedSource } from "./opened-source.ts";

/** The image that a mask belongs to. */
type Masked = Pick<OpenedSource, "width" | "height" | "metadata">;

/** A mask of an image's stored size. */
export interface OpenedMask {
  readonly mask: ImageSource;
  /** Closes its file and deletes what was spooled. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens the image at `path` as a mask of `image`. Both are compared as viewers show them, turned by their Exif
 * orientations; a mask of another size is scaled. White is the greatest value of its type. The caller closes it.
 * @throws as `openInput`
 */
export async function openMask(
  path: string,
  { width, height, metadata: { orientation } }: Masked,
  {
    folder,
    ...reading
  }: {
    /** Where it is decoded to if necessary: the run's folder. */
    readonly folder: string;
    readonly maxPixels: number;
    /** Side of what will be read at once, pixels. */
    readonly tile: number;
    readonly signal?: AbortSignal;
  },
): Promise<OpenedMask> {
  // The image itself may be decoded into the same folder.
  const own = join(folder, "mask");
  await mkdir(own, { recursive: true });
  const { source } = await openInput(path, {
    ...reading,
    ...{ folder: own, bands: undefined, range: undefined, tolerant: false },
  });
  const { range } = plainRadiometry(source.channels, source.sampleType);
  const seen = uprightSource(
    { ...source, radiometry: { ...source.radiometry, range } },
    source.metadata.orientation,
  );
  const scaled = resized(seen, uprightSize({ width, height }, orientation));
  return {
    mask: uprightSource(scaled, inverseOrientation(orientation)),
    close: () => source.close(),
  };
}
