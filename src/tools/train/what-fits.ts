/** A batch that memory does not suffice for in, smaller ones out. */
import { batchPart } from "../../model/training/shared-step.ts";
import type { AnyBatch } from "../../model/training/stages.ts";

/** Largest first: half the batch and so on, then half the patch. What its numbers are does not matter. */
export function* smallerBatches(batch: AnyBatch): Generator<AnyBatch> {
  for (let count = batch.count >> 1; count >= 1; count >>= 1) {
    yield batchPart(batch, 0, count);
  }
  if (!("size" in batch)) return;
  for (let size = batch.size >> 1; size >= 16 && size % 16 === 0; size >>= 1) {
    yield { ...shortened(batch, (size / batch.size) ** 2 / batch.count), count: 1, size };
  }
}

/** The first part of everything in it. */
function shortened<Batch extends AnyBatch>(batch: Batch, share: number): Batch {
  const part = Object.entries(batch).map(([name, value]) => [
    name,
    value instanceof Float32Array ? value.slice(0, value.length * share) : value,
  ]);
  return Object.fromEntries(part) as Batch;
}

/** "--batch 2" or "--patch 64 --batch 1". */
export function asOptions(batch: AnyBatch): string {
  return "size" in batch
    ? `--patch ${batch.size} --batch ${batch.count}`
    : `--batch ${batch.count}`;
}
