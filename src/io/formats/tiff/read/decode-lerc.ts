/**
 * Decodes LERC (Esri, limited error raster compression) by geotiff.js, after a check of the size its header claims.
 */
import { promisify } from "node:util";
import { inflate } from "node:zlib";
import { compressions } from "./compressions.ts";
import { decodeZstd } from "./decode-zstd.ts";
import { blockBands, type Layout } from "./layout.ts";

const inflated = promisify(inflate);

/**
 * The samples of a block as bytes in the machine's order.
 * @throws Error where the block is damaged, of another size, or marks samples as missing, which geotiff.js 3.0.5
 *   would make zeros
 */
export async function decodeLerc(
  layout: Layout,
  { rows }: { readonly rows: number },
  stored: Uint8Array<ArrayBuffer>,
  most: number,
): Promise<Uint8Array> {
  const [version = 4, outer = 0] = layout.lercParameters;
  const blob = await unwrapped(outer, stored, most + 2 ** 16);
  assertSize(blob, layout, rows);
  const { getDecoder } = await import("geotiff");
  const decoder = await getDecoder(compressions.lerc, {
    ...{ tileWidth: layout.blockWidth, tileHeight: rows, predictor: 1, bitsPerSample: layout.bits },
    planarConfiguration: layout.planar ? 2 : 1,
    ...{ LercParameters: [version, 0] },
  });
  return new Uint8Array(await decoder.decode(Uint8Array.from(blob).buffer));
}

/** LERC may be compressed once more: 1 by deflate, 2 by Zstandard. */
async function unwrapped(
  outer: number,
  stored: Uint8Array<ArrayBuffer>,
  most: number,
): Promise<Uint8Array> {
  if (outer === 1) return inflated(stored, { maxOutputLength: most });
  return outer === 2 ? decodeZstd(stored, most) : stored;
}

/** Fields of a Lerc2 header: mark, version, checksum from version 3, rows, columns, depth from version 4, valid pixels. */
function assertSize(blob: Uint8Array, layout: Layout, rows: number): void {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.length);
  if (blob.length < 40 || String.fromCharCode(...blob.subarray(0, 6)) !== "Lerc2 ") {
    throw new Error("a block is not LERC of version 2");
  }
  const version = view.getInt32(6, true);
  const at = version >= 3 ? 14 : 10;
  const [height, width] = [view.getInt32(at, true), view.getInt32(at + 4, true)];
  const depth = version >= 4 ? view.getInt32(at + 8, true) : 1;
  const valid = view.getInt32(at + (version >= 4 ? 12 : 8), true);
  if (width !== layout.blockWidth || height !== rows || depth !== blockBands(layout)) {
    throw new Error(
      `expected LERC of ${layout.blockWidth}×${rows}×${blockBands(layout)} but found ${width}×${height}×${depth}`,
    );
  }
  if (valid !== width * height)
    throw new Error(
      "expected LERC without missing samples but found some: rewrite it (gdal_translate -co COMPRESS=DEFLATE)",
    );
}
