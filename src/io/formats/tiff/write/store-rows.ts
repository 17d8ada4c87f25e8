/**
 * Writes quantised rows at their places in a file of contiguous rows. Blocks come in any order and from several
 * threads; each write names its offset, so that no two share a file position.
 */
import { writeSync } from "node:fs";
import { freeBuffers } from "../../../../free-buffers.ts";
import { quantise } from "../../../../image/quantise.ts";
import type { Radiometry } from "../../../../image/radiometry.ts";
import type { Raster } from "../../../../image/raster.ts";
import { bitsOf, type SampleType } from "../../../../image/samples.ts";
import type { Rect } from "../../../../rect.ts";
import type { Pool } from "../../../pool/pool.ts";
import { owned, type PoolTask, poolTask, whole } from "../../../pool/task.ts";
import { type Answer, answer, granted } from "../../../pool/task-answer.ts";
import { namingPath } from "../../../system/disk.ts";

/** The place of pixel (0, 0) in an open file, and how its rows follow each other. */
export interface RowLayout {
  /** Bytes before the first sample. */
  readonly dataOffset: number;
  /** Bytes from one row to the next. */
  readonly rowBytes: number;
  readonly sampleType: SampleType;
}

interface StoreJob {
  /**
   * Stays open until the task has settled. File descriptors belong to the process: a thread may use the number
   * another one opened.
   */
  readonly fd: number;
  /** The output as the user named it, for messages. */
  readonly path: string;
  readonly layout: RowLayout;
  readonly rect: Rect;
  readonly source: Raster;
  readonly radiometry: Radiometry;
  /** [3, rect.height, rect.width] planar, 0..1; undefined: the samples are the output's already. */
  readonly residual: Float32Array<ArrayBuffer> | undefined;
}

/** The task: quantises a block and writes it at its place. */
export function storeRows(job: StoreJob): Answer<void> {
  try {
    return answer(() => namingPath(job.path, () => store(job)));
  } finally {
    const { source, residual } = job;
    freeBuffers(source.samples, ...(residual === undefined ? [] : [residual]));
  }
}

const storeRowsTask: PoolTask<typeof storeRows> = poolTask("storeRows", ({ source, residual }) =>
  residual === undefined ? [source.samples.buffer] : [source.samples.buffer, residual.buffer],
);

/**
 * Stores blocks in `pool`. A block's buffers move and are unusable afterwards.
 * @throws IoError naming `job.path` where the disk refuses
 */
export function storeRowsIn(pool: Pool): (job: StoreJob) => Promise<void> {
  const store = storeRowsTask(pool);
  return async (job) => {
    const { residual: given } = job;
    const residual = given === undefined || whole(given) ? given : given.slice();
    granted(await store({ ...job, source: owned(job.source), residual }));
  };
}

function store({ fd, layout, rect, source, radiometry, residual }: StoreJob): void {
  if (source.width !== rect.width || source.height !== rect.height)
    throw new Error(
      `a block of ${rect.width}×${rect.height} came with samples of ${source.width}×${source.height}`,
    );
  const samples =
    residual === undefined
      ? source.samples
      : quantise(source, residual, radiometry, layout.sampleType);
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  const pixelBytes = (source.channels * bitsOf(layout.sampleType)) / 8;
  const start = layout.dataOffset + rect.y * layout.rowBytes + rect.x * pixelBytes;
  const blockRow = rect.width * pixelBytes;
  // Rows of the full width touch each other: one write for all.
  const rows = blockRow === layout.rowBytes ? rect.height : 1;
  for (let row = 0; row < rect.height; row += rows) {
    const part = bytes.subarray(row * blockRow, (row + rows) * blockRow);
    writeFully(fd, part, start + row * layout.rowBytes);
  }
  if (samples !== source.samples) freeBuffers(samples);
}

/** A write may be cut short by a signal or a full disk; the next one then says which. */
function writeFully(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}
