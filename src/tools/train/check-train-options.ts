/** Checks the options of a training run together, and with its stage. */
import { OptionError } from "../../errors.ts";
import type { TrainStage } from "../../model/training/settings.ts";
import type { NameOf } from "../../pipeline/options/complete-options.ts";
import { leastPatches } from "./patch-schedule.ts";
import { batchOf, type TrainOptions } from "./train-options.ts";

/** @throws OptionError where options do not go together */
export function checkTrainOptions(options: TrainOptions, nameOf: NameOf): void {
  const { iterations, minutes, kernelSource, noUncertainty, workers, engine, adapter } = options;
  if ((iterations === undefined) === (minutes === undefined)) {
    const received = iterations === undefined ? "none" : "both";
    throw new OptionError(
      `Expected one of ${nameOf("iterations")}, ${nameOf("minutes")} but received ${received}`,
    );
  }
  if (noUncertainty && kernelSource !== undefined && kernelSource !== "flow") {
    throw new OptionError(
      `Expected ${nameOf("kernelSource")} flow for ${nameOf("noUncertainty")} but received ${kernelSource}`,
    );
  }
  if (workers > 1 && engine !== "tfjs-wasm") {
    throw new OptionError(
      `Expected at most 1 ${nameOf("workers")} for ${nameOf("engine")} ${engine}, which divides its work itself, but received ${workers}`,
    );
  }
  if (adapter !== undefined && engine !== "tfjs-webgpu" && engine !== "tfjs-node-gpu") {
    throw new OptionError(
      `Expected ${nameOf("engine")} tfjs-webgpu or tfjs-node-gpu for ${nameOf("adapter")} but received ${engine}`,
    );
  }
}

/** @throws OptionError where options do not go with the stage */
export function checkStage(stage: TrainStage, options: TrainOptions, nameOf: NameOf): void {
  const { data, pairs, kernelSource, workers, kernelTruth, fftLoss, patch } = options;
  const { net, kernelsFrom } = options;
  const most = stage === "flow" ? 1 : leastPatches(patch, batchOf(stage, options));
  if (workers > most) {
    const why = stage === "flow" ? "whose norms need the whole batch" : `of ${most} patches a step`;
    throw new OptionError(
      `Expected at most ${most} ${nameOf("workers")} for stage ${stage}, ${why}, but received ${workers}`,
    );
  }
  if (stage !== "flow" && data === undefined && pairs === undefined) {
    throw new OptionError(
      `Expected ${nameOf("data")} or ${nameOf("pairs")} for stage ${stage} but received none`,
    );
  }
  if (kernelTruth > 0 && (stage !== "kernels" || data === undefined)) {
    const found =
      stage === "kernels" ? `stage kernels without ${nameOf("data")}` : `stage ${stage}`;
    throw new OptionError(
      `Expected stage kernels with ${nameOf("data")}, whose blur is simulated, for ${nameOf("kernelTruth")} but received ${found}`,
    );
  }
  if (fftLoss > 0 && stage !== "restore") {
    throw new OptionError(
      `Expected stage restore for ${nameOf("fftLoss")} but received stage ${stage}`,
    );
  }
  const ofRestorer = net === undefined || net === "nafnet" ? undefined : ("net" as const);
  const given = kernelsFrom === undefined ? ofRestorer : ("kernelsFrom" as const);
  if (given !== undefined && stage !== "restore") {
    throw new OptionError(
      `Expected stage restore for ${nameOf(given)} but received stage ${stage}`,
    );
  }
  if (kernelsFrom !== undefined && kernelSource === "none") {
    throw new OptionError(
      `Expected ${nameOf("kernelsFrom")} or ${nameOf("kernelSource")} none but received both`,
    );
  }
  if (ofRestorer && options.deconvolution) {
    throw new OptionError(
      `Expected ${nameOf("net")} nafnet with ${nameOf("deconvolution")} but received ${net}`,
    );
  }
  const without =
    kernelSource === "none" ? stage !== "restore" : kernelSource === "direct" && stage === "flow";
  if (without) {
    throw new OptionError(
      `Expected a stage that a net of ${nameOf("kernelSource")} ${kernelSource} has but received ${stage}`,
    );
  }
}
