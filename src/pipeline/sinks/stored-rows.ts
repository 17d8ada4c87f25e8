/** The file a raster sink has filled, as a picture to pull rectangles from. */
import type { Radiometry } from "../../operators/radiometry.ts";
import type { ImageSource } from "../../operators/tile.ts";
import type { CpuPool } from "../workers/pool.ts";
import type { RowLayout } from "../workers/store.ts";

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
