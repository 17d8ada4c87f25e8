/** Makes batches of training in the pool's threads: drawing the random numbers of a step costs up to a fifth of it. */
import { moved, type PoolTask, poolTask } from "../../io/pool/task.ts";
import { simulateKernel } from "../../model/blur/simulate-kernel.ts";
import type { NetConfig } from "../../model/config.ts";
import { openStream } from "../../model/random-stream.ts";
import { kernelBatch, pairBatch } from "../../model/training/batches.ts";
import type { KernelBatch, PairBatch } from "../../model/training/stages.ts";
import type { TrainingPair } from "../../operators/pairs/synthesize.ts";

interface BatchJob {
  readonly seed: number;
  /** Steps made before. */
  readonly iteration: number;
}

interface KernelBatchJob extends BatchJob {
  readonly count: number;
  readonly kernelSize: number;
}

interface PairBatchJob extends BatchJob {
  readonly pairs: readonly TrainingPair[];
  readonly config: NetConfig;
}

/** The task: simulates kernels one by one, none twice in a run. */
export function makeKernelBatch({
  seed,
  iteration,
  count,
  kernelSize,
}: KernelBatchJob): KernelBatch {
  const kernels = Array.from({ length: count }, (_, i) =>
    simulateKernel(
      openStream({ seed, purpose: "kernel", index: iteration * count + i }),
      kernelSize,
    ),
  );
  const batch = kernelBatch(kernels, { seed, iteration });
  return moved(batch, [batch.kernels.buffer]);
}

export const makeKernelBatchIn: PoolTask<typeof makeKernelBatch> = poolTask("makeKernelBatch");

/** The task: puts pairs and their noise together. */
export function makePairBatch({ pairs, config, seed, iteration }: PairBatchJob): PairBatch {
  const batch = pairBatch(pairs, { seed, iteration }, config);
  const { sharp, blurry, noise, knownKernels } = batch;
  const fields = [noise, knownKernels].flatMap((field) => (field ? [field.buffer] : []));
  return moved(batch, [sharp.buffer, blurry.buffer, ...fields]);
}

/** The pairs' buffers move and are unusable afterwards. */
export const makePairBatchIn: PoolTask<typeof makePairBatch> = poolTask(
  "makePairBatch",
  ({ pairs }) =>
    pairs.flatMap(({ sharp, blurry, cellKernels }) =>
      [sharp, blurry, ...(cellKernels ? [cellKernels] : [])].map(({ buffer }) => buffer),
    ),
);
