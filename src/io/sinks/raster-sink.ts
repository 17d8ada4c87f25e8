/**
 * Collects the blocks of an output, in any order, and publishes the whole image at the end, or nothing. Blocks are
 * quantised and written by the pool into an uncompressed TIFF in the run's folder; `finish` encodes it and moves the
 * result to its final place.
 */
import { access, constants, type FileHandle, open, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { integer } from "../../check.ts";
import { IoError, isDeblurError } from "../../errors.ts";
import type { Radiometry } from "../../image/radiometry.ts";
import type { Block, ImageSink, ImageSource, Raster } from "../../image/raster.ts";
import type { SampleType } from "../../image/samples.ts";
import type { Rect } from "../../rect.ts";
import { type OutputFormat, outputFormats } from "../formats/image-formats.ts";
import type { ImageMetadata } from "../formats/metadata.ts";
import type { TiffWishes } from "../formats/tiff/write/encode-tiff.ts";
import { readRowsIn } from "../formats/tiff/write/read-rows.ts";
import { type RowLayout, storeRowsIn } from "../formats/tiff/write/store-rows.ts";
import { layOutStripTiff, type StripTiff } from "../formats/tiff/write/strip-tiff.ts";
import type { Pool } from "../pool/pool.ts";
import type { OpenedSource } from "../sources/opened-source.ts";
import { assertFree, publish } from "../system/publish.ts";
import { outputFolderError } from "../system/run-folder.ts";
import { systemMessage } from "../system/system-error.ts";
import { encoderOutput } from "./encode-by-libvips.ts";
import { assertHolds, encodeImage, strippedFor } from "./encode-image.ts";
import { pullAll } from "./pull-all.ts";
import { planPyramid } from "./pyramid.ts";

export interface RasterSink extends ImageSink {
  /**
   * Encodes and publishes what was written, every pixel of it, or else `image`, samples as they are. Before it
   * resolves nothing is at the final path.
   */
  finish(options: { signal: AbortSignal; image?: ImageSource }): Promise<void>;
  /** Waits for writes under way and drops the unfinished. Idempotent; a finished output stays. */
  close(): Promise<void>;
}

export interface RasterSinkOptions {
  /** Where the unfinished output lies: the run's folder, on the disk of the output. */
  readonly folder: string;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Of the output. */
  readonly sampleType: SampleType;
  /** What the source's samples mean. */
  readonly radiometry: Radiometry;
  readonly format: OutputFormat;
  /** 1..100, of a format that has one; its default if not given. */
  readonly quality?: number;
  readonly metadata: ImageMetadata;
  /** Replace an existing output. */
  readonly force: boolean;
  readonly pool: Pool;
  /** Leave out Exif, XMP and IPTC; what pixels mean (profile, orientation, density) stays. */
  readonly stripMetadata?: boolean;
  /** Of a TIFF output. */
  readonly tiff?: TiffWishes;
  /** Tiles for viewers beside the output. */
  readonly pyramid?: "dzi" | undefined;
}

/**
 * Opens the output at `path`; the caller closes it, also when the run fails.
 * @throws OptionError where the format cannot hold the image, OutputError where something is at `path`
 *   already or its folder cannot be written, IoError where the disk refuses. All before any work.
 */
export async function openRasterSink(
  path: string,
  options: RasterSinkOptions,
): Promise<RasterSink> {
  const { folder, width, height, channels, sampleType, radiometry, format, force, pool } = options;
  const {
    quality = outputFormats[format].quality ?? 100,
    stripMetadata = false,
    tiff: wishes = {},
    metadata,
  } = options;
  const encoding = { format, quality, metadata, stripMetadata, tiff: wishes };
  assertHolds(format, options);
  integer("quality", quality, 1, 100);
  await assertFree(path, { force });
  await access(dirname(path), constants.W_OK).catch((cause: unknown) => {
    throw outputFolderError(path, cause);
  });
  const pyramid = options.pyramid && (await planPyramid(path, options));
  const tiff = layOutStripTiff({
    ...{ width, height, channels, sampleType },
    ...strippedFor(format, channels, encoding),
  });
  const strips = join(folder, "strips.tif");
  const encoded = join(folder, `encoded.${format}`);
  const file = await createStrips(path, strips, tiff);
  const layout: RowLayout = { dataOffset: tiff.dataOffset, rowBytes: tiff.rowBytes, sampleType };
  const store = storeRowsIn(pool);
  const underWay = new Set<Promise<void>>();
  let pixelsWritten = 0;
  let finished = false;
  let ending: Promise<void> | undefined;
  const end = async (encodeAll: () => Promise<void> = async () => {}): Promise<void> => {
    // A descriptor closed under a write could by then be another file's.
    await Promise.allSettled(underWay);
    try {
      await encodeAll();
    } finally {
      await file.close();
    }
  };
  const put = async (
    rect: Rect,
    source: Raster,
    residual?: Float32Array<ArrayBuffer>,
  ): Promise<void> => {
    const stored = store({ fd: file.fd, path, layout, rect, source, radiometry, residual });
    underWay.add(stored);
    await stored.finally(() => underWay.delete(stored));
    pixelsWritten += rect.width * rect.height;
  };
  return {
    async write({ rect, source, residual }, { signal }) {
      signal.throwIfAborted();
      if (ending !== undefined) throw new Error("the sink is closed");
      assertBlockFits({ rect, source }, options);
      await put(rect, source, residual);
    },
    async finish({ signal, image }) {
      signal.throwIfAborted();
      if (ending !== undefined) throw new Error("the sink is closed");
      const context = { pool, signal, inFlight: pool.threads + 2 };
      const fromStrips = pyramid !== undefined || format !== "tiff";
      if (image !== undefined && fromStrips) await pullAll(image, put, context);
      if ((image === undefined || fromStrips) && pixelsWritten !== width * height)
        throw new Error(`only ${pixelsWritten} of ${width * height} pixels were written`);
      const rows = { fd: file.fd, layout, width, height, channels, radiometry };
      ending = end(async () => {
        await encodeImage(strips, image ?? storedRows(rows, pool), encoded, encoding, context);
        signal.throwIfAborted();
        await pyramid?.make(strips);
      });
      await ending.catch((cause: unknown) => {
        signal.throwIfAborted();
        if (isDeblurError(cause)) throw cause;
        throw new IoError(path, systemMessage(cause), { cause });
      });
      signal.throwIfAborted();
      try {
        await pyramid?.publish();
        await publish(encoded, path, { force });
      } catch (error) {
        await pyramid?.withdraw();
        throw error;
      }
      finished = true;
    },
    async close() {
      ending ??= end();
      await Promise.allSettled([ending]);
      if (!finished) await pyramid?.withdraw();
      for (const left of [strips, encoded, encoderOutput(encoded)]) await rm(left, { force: true });
    },
  };
}

/** The file has its full size from the start, with holes; a full disk shows when they are filled. */
async function createStrips(path: string, strips: string, tiff: StripTiff): Promise<FileHandle> {
  const failed = (cause: unknown): never => {
    throw new IoError(path, systemMessage(cause), { cause });
  };
  const file = await open(strips, "wx+").catch(failed);
  try {
    await file.write(tiff.header);
    await file.truncate(tiff.byteLength);
  } catch (cause) {
    await file.close();
    await rm(strips, { force: true });
    failed(cause);
  }
  return file;
}

function assertBlockFits(
  { rect, source }: Pick<Block, "rect" | "source">,
  image: RasterSinkOptions,
): void {
  const { x, y, width, height } = rect;
  const inside = x >= 0 && y >= 0 && x + width <= image.width && y + height <= image.height;
  if (!inside || source.channels !== image.channels)
    throw new Error(
      `a block of ${width}×${height}×${source.channels} at (${x}, ${y}) does not fit ${image.width}×${image.height}×${image.channels}`,
    );
}

/** What a TIFF output takes over from a TIFF input. */
export function originOf(source: OpenedSource): TiffWishes {
  const { tags, asStored = false, masked } = source;
  return { asStored, ...(tags && { origin: tags }), ...(masked && { valid: source }) };
}

interface StoredRows {
  /** Stays the caller's; open until every read has settled. */
  readonly fd: number;
  readonly layout: RowLayout;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly radiometry: Radiometry;
}

/** The file that a raster sink has filled, as an image. A read fails with the system's error, or where the file ends. */
function storedRows(
  { fd, layout, width, height, channels, radiometry }: StoredRows,
  pool: Pool,
): ImageSource {
  const readRows = readRowsIn(pool);
  return {
    ...{ width, height, channels, radiometry, sampleType: layout.sampleType },
    read: (rect) => readRows({ fd, layout, rect, channels }),
  };
}
