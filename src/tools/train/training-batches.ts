/** Batches of training, put together on the pool's threads: what is drawn for a step costs up to a fifth of the step. */
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

export interface KernelBatchJob extends BatchJob {
  readonly count: number;
  readonly kernelSize: number;
}

export interface PairBatchJob extends BatchJob {
  readonly pairs: readonly TrainingPair[];
  readonly config: NetConfig;
}

/** Kernels drawn one by one, none twice in a run. */
export function simulateKernelBatch({
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
  return kernelBatch(kernels, { seed, iteration });
}

export function assemblePairBatch({ pairs, config, seed, iteration }: PairBatchJob): PairBatch {
  return pairBatch(pairs, { seed, iteration }, config);
}
