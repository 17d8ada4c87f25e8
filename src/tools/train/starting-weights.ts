/** Chooses the weights a stage starts with: tensors of a file where they fit the requested net, initialised ones elsewhere. */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { OptionError, WeightsError } from "../../errors.ts";
import { isFile } from "../../io/system/paths.ts";
import { alignmentOf, kernelSourceOf, type NetConfig, presets } from "../../model/config.ts";
import { windowStride } from "../../model/graph/dft.ts";
import { restorerSizes } from "../../model/restorer-sizes.ts";
import { initialWeights } from "../../model/training/initial-weights.ts";
import type { TrainStage } from "../../model/training/settings.ts";
import { configOf, type Tensor } from "../../model/weights/weights.ts";
import { inFile, type LoadedWeights, loadWeights } from "../../pipeline/engines/load-weights.ts";
import type { TrainOptions } from "./train-options.ts";

export interface StartingWeights {
  readonly config: NetConfig;
  /** Weights of the whole net. */
  readonly weights: ReadonlyMap<string, Tensor>;
  /** SHA-256 of their file, hex; undefined: all are initialised. */
  readonly hash: string | undefined;
  /** Of the file that KE-Net and flow were taken from; undefined: there is no other file. */
  readonly kernelsHash: string | undefined;
  /** Reports which tensors came from the file. */
  readonly note: string;
}

const parts = { flow: "flow.", "KE-Net": "kernel_extra.", restorer: "" } as const;
type Part = keyof typeof parts;

/** The parts that a stage uses without training them. */
const needed: Readonly<Record<TrainStage, readonly Part[]>> = {
  flow: [],
  kernels: ["flow"],
  restore: ["flow", "KE-Net"],
};

/**
 * Finds, reads and completes the weights.
 * @throws OptionError where a part that the stage uses was never trained, NoInputError, WeightsError, IoError
 */
export async function startingWeights(
  stage: TrainStage,
  options: TrainOptions,
): Promise<StartingWeights> {
  const path = options.init ?? (await stageBefore(stage, options.out));
  const own = path === undefined ? undefined : await loadWeights(path);
  const other =
    options.kernelsFrom === undefined ? undefined : await loadKernels(options.kernelsFrom);
  const loaded = other ? withKernels(own, other) : own;
  const found = own && inFile(path ?? "", () => configOf(own.tensors, own.metadata));
  const config = configFor(stage, options, other ? withKernelsOf(other, found) : found);
  checkPatches(options, config);
  const weights = initialWeights(config, options.seed, loaded?.tensors);
  const taken = new Map<Part, number>();
  const all = new Map<Part, number>();
  for (const [name, tensor] of weights) {
    const part = partOf(name);
    all.set(part, (all.get(part) ?? 0) + 1);
    if (tensor === loaded?.tensors.get(name)) taken.set(part, (taken.get(part) ?? 0) + 1);
  }
  for (const part of needed[stage]) {
    if (all.has(part) && taken.get(part) !== all.get(part)) throw untrained(stage, part, path);
  }
  const counts = [...all].map(([part, count]) => `${part} ${taken.get(part) ?? 0} of ${count}`);
  return {
    config,
    weights,
    hash: own && hashOf(own),
    kernelsHash: other && hashOf(other.loaded),
    note:
      loaded === undefined
        ? `all weights initialised with seed ${options.seed}`
        : `tensors taken from ${[path, options.kernelsFrom].filter((file) => file !== undefined).join(", ")}: ${counts.join(", ")}; the rest initialised with seed ${options.seed}`,
  };
}

const hashOf = ({ bytes }: LoadedWeights): string =>
  createHash("sha256").update(bytes).digest("hex");

/** A file whose KE-Net and flow are used. */
interface KernelsFile {
  readonly loaded: LoadedWeights;
  readonly config: NetConfig;
}

/** @throws WeightsError if the file has no KE-Net; what reading it throws */
async function loadKernels(path: string): Promise<KernelsFile> {
  const loaded = await loadWeights(path);
  return inFile(path, () => {
    const config = configOf(loaded.tensors, loaded.metadata);
    if (config.kernelSize > 0) return { loaded, config };
    throw new WeightsError("expected weights with a KE-Net for kernels but found none");
  });
}

/** The tensors of `own`, with the KE-Net and the flow of another file. */
function withKernels(own: LoadedWeights | undefined, { loaded }: KernelsFile): LoadedWeights {
  const tensors = new Map(own?.tensors);
  for (const name of tensors.keys()) if (partOf(name) !== "restorer") tensors.delete(name);
  for (const [name, tensor] of loaded.tensors) {
    if (partOf(name) !== "restorer") tensors.set(name, tensor);
  }
  return { ...(own ?? loaded), tensors };
}

/** @throws OptionError if the net cannot take patches of these sides */
function checkPatches({ patch }: TrainOptions, config: NetConfig): void {
  const alignment = alignmentOf(config);
  const odd = patch.find(({ side }) => side % alignment !== 0);
  if (!odd) return;
  throw new OptionError(
    `Expected multiples of ${alignment} for the sides of \`patch\` with this net but received ${odd.side}`,
  );
}

/** The weights of the latest earlier stage. */
async function stageBefore(stage: TrainStage, folder: string): Promise<string | undefined> {
  const before: readonly TrainStage[] =
    stage === "restore" ? ["kernels", "flow"] : stage === "kernels" ? ["flow"] : [];
  for (const name of before) {
    const path = join(folder, `${name}.safetensors`);
    if (await isFile(path)) return path;
  }
  return undefined;
}

/** The requested net; options that are not given come from the file. */
function configFor(
  stage: TrainStage,
  options: TrainOptions,
  found: NetConfig | undefined,
): NetConfig {
  const { preset, net, kernelSource, noUncertainty, kernelStride, patch } = options;
  const { kernelSource: _, ...known } =
    preset === undefined || net !== undefined ? (found ?? presets.lite) : presets[preset];
  const base = withRestorer(withFeatures(known, options), options);
  // Of patches that grow, the last side: the sizes of pooling follow the statistics the net has at the end.
  const lastSide = (patch.at(-1) ?? patch[0]).side;
  const trainPatch = stage === "restore" ? lastSide : base.trainPatch;
  const unsaid = found ? kernelSourceOf(found) : "uncertain-flow";
  const source =
    kernelSource === "flow" || (kernelSource === undefined && noUncertainty)
      ? noUncertainty
        ? "flow"
        : "uncertain-flow"
      : (kernelSource ?? unsaid);
  if (source === "none") {
    const { keFeatures: _, deconvolution: __, ...plain } = base;
    return { ...plain, trainPatch, kernelSize: 0, keBase: 0, kernelStride: 1 };
  }
  return {
    ...base,
    trainPatch,
    kernelStride: kernelStride ?? base.kernelStride,
    ...(source !== "uncertain-flow" && { kernelSource: source }),
  };
}

/** The settings `own` with the kernels of another file; that file's settings if there are no own ones. */
function withKernelsOf({ config }: KernelsFile, own: NetConfig | undefined): NetConfig {
  if (!own) return config;
  const { keFeatures: _, kernelSource: __, ...rest } = own;
  const { keBase, kernelSize, kernelStride, keFeatures, kernelSource } = config;
  return {
    ...rest,
    ...{ keBase, kernelSize, kernelStride },
    ...(keFeatures && { keFeatures }),
    ...(kernelSource && { kernelSource }),
  };
}

/** The requested restorer at the requested size; the file's own if it is that restorer and no size is requested. */
function withRestorer(known: NetConfig, { net, preset }: TrainOptions): NetConfig {
  const { restorer = "nafnet" } = known;
  if (net === undefined || (net === restorer && preset === undefined)) return known;
  const { restorer: _, mprnet: __, deconvolution, ...rest } = known;
  return {
    ...rest,
    ...restorerSizes[net][preset ?? "lite"],
    ...(net === "nafnet" && deconvolution === true && { deconvolution }),
  };
}

/** Channels of the net behind the spectra, whatever the restorer's width. */
const spectralBase = 288;

/** @throws OptionError if stride, features and deconvolution do not go together */
function withFeatures(
  known: NetConfig,
  { keFeatures = known.keFeatures, deconvolution, kernelStride }: TrainOptions,
): NetConfig {
  if (keFeatures !== "spectra") {
    if (deconvolution) {
      throw new OptionError(
        "Expected `keFeatures` spectra with `deconvolution` but received convs: one kernel for 16×16 pixels is deconvolved with at a time",
      );
    }
    return known.keFeatures === "spectra" ? presets.lite : known;
  }
  if (kernelStride !== undefined && kernelStride !== windowStride) {
    throw new OptionError(
      `Expected \`kernelStride\` ${windowStride} with spectra but received ${kernelStride}`,
    );
  }
  const spectral = known.keFeatures === "spectra";
  return {
    ...known,
    keBase: spectral ? known.keBase : spectralBase,
    keFeatures,
    kernelStride: windowStride,
    ...(deconvolution && { deconvolution }),
  };
}

function partOf(name: string): Part {
  return name.startsWith(parts.flow)
    ? "flow"
    : name.startsWith(parts["KE-Net"])
      ? "KE-Net"
      : "restorer";
}

function untrained(stage: TrainStage, part: Part, path: string | undefined): OptionError {
  const found = path === undefined ? "no weights" : `${path}, which lacks some of it`;
  const first = `run deblur train ${part === "flow" ? "flow" : "kernels"}`;
  return new OptionError(
    `Expected weights with a trained ${part} for stage ${stage} (\`init\`, or that stage's in \`out\`) but found ${found}: ${first} first`,
  );
}
