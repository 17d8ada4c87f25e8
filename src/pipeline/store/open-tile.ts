/** The file of a stored tile, opened to read parts of it. */
import { type FileHandle, open } from "node:fs/promises";
import { IoError } from "../../errors.ts";
import { bitsOf, createSamples, type Samples, type SampleType } from "../../operators/samples.ts";
import { systemMessage } from "../system-error.ts";
import { readTileHeader } from "./tile-header.ts";
import {
  type Extent,
  headerBytes,
  layOutTile,
  type Section,
  type StorePlan,
} from "./tile-layout.ts";

export interface OpenTile {
  readonly sections: readonly Section[];
  read(extent: Extent, type: SampleType): Promise<Samples>;
  floats(extent: Extent | undefined): Promise<Float32Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/**
 * Opens the file of tile `index`; the caller closes it. What it holds was checked when the store was opened, or
 * written since.
 * @throws IoError where it cannot be read, or is no stored tile
 */
export async function openTile(path: string, plan: StorePlan, index: number): Promise<OpenTile> {
  const failed = (cause: unknown): never => {
    throw new IoError(path, systemMessage(cause), { cause });
  };
  const file = await open(path, "r").catch(failed);
  const readInto = async (bytes: Uint8Array, offset: number): Promise<void> => {
    const { bytesRead } = await file.read(bytes, 0, bytes.length, offset).catch(failed);
    if (bytesRead < bytes.length)
      throw new IoError(path, `expected ${bytes.length} bytes at ${offset} but found ${bytesRead}`);
  };
  const samplesAt = async ({ offset, bytes }: Extent, type: SampleType): Promise<Samples> => {
    const samples = createSamples(type, (8 * bytes) / bitsOf(type));
    await readInto(new Uint8Array(samples.buffer), offset);
    return samples;
  };
  try {
    const start = Buffer.alloc(headerBytes);
    await readInto(start, 0);
    const header = readTileHeader(start);
    if (header === undefined) throw new IoError(path, "is no stored tile any more");
    return {
      sections: layOutTile(plan, index, header.masked).sections,
      read: samplesAt,
      floats: async (extent) =>
        (await samplesAt(extent as Extent, "float32")) as Float32Array<ArrayBuffer>,
      close: () => closeQuietly(file),
    };
  } catch (error) {
    await closeQuietly(file);
    throw error;
  }
}

async function closeQuietly(file: FileHandle): Promise<void> {
  // It was only read.
  await file.close().catch(() => {});
}
