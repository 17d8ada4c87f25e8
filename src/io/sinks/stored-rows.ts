/** The file a raster sink has filled, as a picture to pull rectangles from. */
import type { Radiometry } from "../../image/radiometry.ts";
import type { ImageSource } from "../../image/raster.ts";
import type { RowLayout } from "../formats/tiff/write/store-rows.ts";
import type { CpuPool } from "../pool/pool.ts";

export interface StoredRows {
  /** Stays the caller's; open until every read has settled. */
  readonly fd: number;
  readonly layout: RowLayout;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly radiometry: Radiometry;
}

/** Reads in the pool. A read fails with the system's error, or where the file ends too early. */
export function storedRows(
  { fd, layout, width, height, channels, radiometry }: StoredRows,
  pool: CpuPool,
): ImageSource {
  return {
    ...{ width, height, channels, radiometry, sampleType: layout.sampleType },
    read: (rect) => pool.readRows({ fd, layout, rect, channels }),
  };
}
