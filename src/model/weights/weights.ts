/**
 * Weights are a map of published names to float32 tensors. Which net they belong to is read off their names
 * and shapes; that they fit it is checked by name, with everything wrong listed at once.
 */
import { WeightsError } from "../../errors.ts";
import type { KernelStride, NetConfig } from "../config.ts";
import type { Parameter } from "../graph/graph.ts";

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type Weights = ReadonlyMap<string, Tensor>;

/**
 * In published files but read by nothing at inference: the base distribution, the kernel size, and the
 * field's reductions that no encoder follows.
 */
const unread =
  /^(flow\.(kernel_size|base_dist_mean|base_dist_var)|kernel_down\.\d+\.(weight|bias))$/;

/**
 * The net these weights belong to.
 * @param metadata `train_patch` is the one setting shapes cannot tell; 256, the paper's, when absent
 * @throws WeightsError where they are not weights of a UFPNet
 */
export function configOf(
  weights: Weights,
  metadata: Readonly<Record<string, string>> = {},
): NetConfig {
  const size = (name: string, axis: number): number => {
    const value = weights.get(name)?.shape[axis];
    if (value === undefined) {
      throw new WeightsError(`not weights of a UFPNet: there is no tensor ${name}`);
    }
    return value;
  };
  const count = (prefix: string): number => {
    const found = new Set<string>();
    for (const name of weights.keys()) {
      if (name.startsWith(`${prefix}.`))
        found.add(name.slice(prefix.length + 1).split(".")[0] ?? "");
    }
    return found.size;
  };
  const blocks = (prefix: string): number[] =>
    Array.from({ length: count(prefix) }, (_, i) => count(`${prefix}.${i}`));
  const has = (block: string) => weights.has(`kernel_extra.${block}.Conv_head.weight`);
  const kernelStride: KernelStride = has("Decoding_Block2") ? 1 : has("Decoding_Block1") ? 2 : 4;
  const trainPatch = Number(metadata["train_patch"] ?? 256);
  if (!Number.isSafeInteger(trainPatch) || trainPatch < 1) {
    throw new WeightsError(
      `expected train_patch to be a size but found ${metadata["train_patch"]}`,
    );
  }
  const kernelSize = Math.sqrt(size("flow.net.0.mask", 0));
  if (!Number.isInteger(kernelSize) || kernelSize % 2 === 0) {
    throw new WeightsError(
      `expected odd square kernels but flow.net.0.mask has ${kernelSize ** 2} taps`,
    );
  }
  return {
    width: size("intro.weight", 0),
    keBase: size("kernel_extra.Encoding_Block1.Conv_head.weight", 0),
    encoderBlocks: blocks("encoders"),
    middleBlocks: count("middle_blks"),
    decoderBlocks: blocks("decoders"),
    kernelSize,
    kernelStride,
    trainPatch,
  };
}

/**
 * Checks weights against the parameters a net reads.
 * @throws WeightsError listing what is missing, unexpected and misshapen
 */
export function matchWeights(expected: readonly Parameter[], weights: Weights): void {
  const names = new Set(expected.map(({ name }) => name));
  const missing = [...names].filter((name) => !weights.has(name));
  const unexpected = [...weights.keys()].filter((name) => !names.has(name) && !unread.test(name));
  const misshapen = expected.flatMap(({ name, shape }) => {
    const found = weights.get(name)?.shape;
    return found && `${found}` !== `${shape}` ? [`${name} [${found}], expected [${shape}]`] : [];
  });
  const problems = [
    listed("missing", missing),
    listed("unexpected", unexpected),
    listed("misshapen", misshapen),
  ].filter((line) => line !== "");
  if (problems.length > 0)
    throw new WeightsError(`weights do not fit the net: ${problems.join("; ")}`);
}

function listed(what: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  const more = names.length > 5 ? ` and ${names.length - 5} more` : "";
  return `${what}: ${names.slice(0, 5).join(", ")}${more}`;
}
