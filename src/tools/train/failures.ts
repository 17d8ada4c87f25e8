/** Describes why a training run cannot continue, and what would help. */
import { TrainingError } from "../../errors.ts";
import { replaceFile } from "../../io/system/publish.ts";
import { batchPart, dividedBatch } from "../../model/training/shared-step.ts";
import type { AnyBatch } from "../../model/training/stages.ts";
import type { StepMetrics, Trainer } from "../../model/training/trainer.ts";
import type { Tensor } from "../../model/weights/weights.ts";
import { writeSafetensors } from "../../model/weights/write-safetensors.ts";

/** Writes the failed batch to `path`, which the error names. @throws IoError where the disk refuses */
export async function notFinite(
  path: string,
  batch: AnyBatch,
  { loss, norm }: StepMetrics,
  iteration: number,
): Promise<TrainingError> {
  const tensors = new Map<string, Tensor>();
  const numbers: Record<string, string> = { iteration: `${iteration}` };
  for (const [name, value] of Object.entries(batch)) {
    if (value instanceof Float32Array) {
      tensors.set(name, { shape: [batch.count, value.length / batch.count], data: value });
    } else numbers[name] = `${value}`;
  }
  await replaceFile(path, writeSafetensors(tensors, numbers, "F32"));
  return new TrainingError(
    `step ${iteration}: the loss is ${loss}, the gradient's norm ${norm}; the batch is in ${path}, and no checkpoint was written after it; try a smaller \`lr\``,
  );
}

/** Messages of WebAssembly's backend, of TensorFlow's library, of WebGPU. */
const noRoom =
  /bytes left|out of memory|OOM when allocating|memory access out of bounds|Aborted\(|larger than the maximum storage buffer binding/i;

/** True where a step failed because memory ran out. */
export function isOutOfMemory(error: unknown): boolean {
  const text = error instanceof Error ? error.message : "";
  return noRoom.test(text);
}

/** Tries smaller batches, each divided among the threads; the error names the largest that fits. */
export async function outOfMemory(
  trainer: Trainer<AnyBatch>,
  batch: AnyBatch,
  workers: number,
  cause: unknown,
): Promise<TrainingError> {
  const hasRoom = async (smaller: AnyBatch): Promise<boolean> => {
    const [largest] = smaller.count < workers ? [] : dividedBatch(smaller, workers);
    return largest !== undefined && (await trainer.fits(largest));
  };
  let fits: AnyBatch | undefined;
  for (const smaller of smallerBatches(batch)) {
    if (!(await hasRoom(smaller))) continue;
    fits = smaller;
    break;
  }
  const instead = fits ? `; ${asOptions(fits)} fits` : ", nor for any smaller batch";
  return new TrainingError(`memory does not suffice for ${asOptions(batch)}${instead}`, {
    cause,
  });
}

/** Smaller batches, largest first: half the batch and so on, then half the patch. Their values do not matter. */
export function* smallerBatches(batch: AnyBatch): Generator<AnyBatch> {
  for (let count = batch.count >> 1; count >= 1; count >>= 1) {
    yield batchPart(batch, 0, count);
  }
  if (!("size" in batch)) return;
  for (let size = batch.size >> 1; size >= 16 && size % 16 === 0; size >>= 1) {
    yield { ...shortened(batch, (size / batch.size) ** 2 / batch.count), count: 1, size };
  }
}

/** The first part of each of its arrays. */
function shortened<Batch extends AnyBatch>(batch: Batch, share: number): Batch {
  const part = Object.entries(batch).map(([name, value]) => [
    name,
    value instanceof Float32Array ? value.slice(0, value.length * share) : value,
  ]);
  return Object.fromEntries(part) as Batch;
}

/** "`batch` 2" or "`patch` 64 with `batch` 1". */
function asOptions(batch: AnyBatch): string {
  return "size" in batch
    ? `\`patch\` ${batch.size} with \`batch\` ${batch.count}`
    : `\`batch\` ${batch.count}`;
}
