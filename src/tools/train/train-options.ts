/** Lists every option of a training run once: its form, its values and its default. */
import { availableParallelism } from "node:os";
import { invalid } from "../../check.ts";
import {
  type KernelStride,
  type PresetName,
  presets,
  type RestorerName,
} from "../../model/config.ts";
import type { TfjsEngineName } from "../../model/engines/tfjs/engine-name.ts";
import { restorerSizes } from "../../model/restorer-sizes.ts";
import { stageSettings, type TrainStage } from "../../model/training/settings.ts";
import { numbersOf } from "../../pipeline/options/option-lists.ts";
import {
  choice,
  type OptionTable,
  path,
  toggle,
  upTo,
  word,
} from "../../pipeline/options/option-table.ts";
import { type PatchSchedule, patchSchedule, patchStep } from "./patch-schedule.ts";

/** The options of a training run. */
export interface TrainOptions {
  /** Folder for weights, checkpoint, log and page; made where it is missing. */
  readonly out: string;
  /** Folder of sharp photographs, to be blurred. */
  readonly data: string | undefined;
  /** Folder of real pairs. */
  readonly pairs: string | undefined;
  /** Folder of pairs the net is measured on. */
  readonly validate: string | undefined;
  /** Iterations between two measurements. */
  readonly validateEvery: number;
  /** Weights to start with. undefined: those of the stage before in `out`, else initialised. */
  readonly init: string | undefined;
  /** The restorer. undefined: that of `init`, or NAFNet. */
  readonly net: RestorerName | undefined;
  /** Weights with the KE-Net and the flow to use; undefined: those of `init`. */
  readonly kernelsFrom: string | undefined;
  /** undefined: that of `init`, or lite. */
  readonly preset: PresetName | undefined;
  /** undefined: that of `init`, or the flow. */
  readonly kernelSource: KernelSourceName | undefined;
  /** The flow decodes the code alone. */
  readonly noUncertainty: boolean;
  /** undefined: that of the preset. */
  readonly kernelStride: KernelStride | undefined;
  /** undefined: those of `init` or the preset. */
  readonly keFeatures: "convs" | "spectra" | undefined;
  /** The net deconvolves with its kernels before it restores; needs spectra. */
  readonly deconvolution: boolean;
  /** Side of a patch, pixels, or sides with their shares of the steps. */
  readonly patch: PatchSchedule;
  /** Pairs of the first side (stage flow: kernels) a step. undefined: that of the stage. */
  readonly batch: number | undefined;
  /** Weight of the error of simulated kernels, in stage kernels. */
  readonly kernelTruth: number;
  /** Weight of the difference of Fourier transforms, in stage restore. */
  readonly fftLoss: number;
  /** Each simulated pair uses one: blur sums stored samples raised to this power. undefined: those of the stage. */
  readonly gamma: readonly number[] | undefined;
  /** Largest standard deviation of simulated noise, 0..1. */
  readonly noise: number;
  /** Share of simulated pairs whose blurry image has the loss of a JPEG file. */
  readonly jpeg: number;
  /** Each opened real pair is reduced by one of these. */
  readonly reduce: readonly number[];
  readonly iterations: number | undefined;
  /** Instead of iterations: as many steps as fit, at the pace of the first ones. */
  readonly minutes: number | undefined;
  /** Largest learning rate. undefined: that of the stage. */
  readonly lr: number | undefined;
  readonly seed: number;
  /** Minutes between two checkpoints. */
  readonly checkpointMinutes: number;
  /** Iterations summed up in a line of the log. */
  readonly logEvery: number;
  /** Folder for an image of the first training pairs. */
  readonly preview: string | undefined;
  /** Port of this machine that serves the run's page; undefined: none. */
  readonly serve: number | undefined;
  /** Threads that make training pairs. */
  readonly threads: number;
  /** Threads that share a step, with the calling one. */
  readonly workers: number;
  readonly engine: TfjsEngineName;
  /** Part of the name of a WebGPU adapter, or GPU or CPU for tfjs-node-gpu; undefined: a GPU. */
  readonly adapter: string | undefined;
}

/** Steps whose pace decides how many fit into `minutes`; the learning rate has reached its peak by then. */
export const paceSteps = 20;

/** Default largest noise, as in earlier versions, which did not record it. */
export const usualNoise = 0.01;

type KernelSourceName = "flow" | "direct" | "none";

const any = Number.MAX_SAFE_INTEGER;
/** Engines that compute gradients. */
const trainingEngines = ["tfjs-wasm", "tfjs-webgpu", "tfjs-node", "tfjs-node-gpu"] as const;
const presetNames = Object.keys(presets) as PresetName[];
const restorerNames = Object.keys(restorerSizes) as RestorerName[];
const none = { default: undefined } as const;

/** The rows, in the order of --help. */
export const trainOptionTable: OptionTable<TrainOptions> = {
  out: {
    ...path("DIR"),
    required: true,
    common: true,
    help: "where weights, checkpoint, log and page go",
  },
  data: { ...path("DIR"), ...none, common: true, help: "sharp photographs, to be blurred" },
  pairs: {
    ...path("DIR"),
    ...none,
    common: true,
    help: "real pairs: blur/ and sharp/, equal names",
  },
  validate: { ...path("DIR"), ...none, help: "pairs to measure the net on" },
  validateEvery: { ...upTo(1, any), default: 1000, help: "iterations between measurements" },
  init: {
    ...path(),
    ...none,
    otherwise: "the stage before, in --out",
    help: "weights to start with (safetensors)",
  },
  net: {
    ...choice(restorerNames),
    ...none,
    otherwise: "of --init, or nafnet",
    help: `restorer: ${restorerNames.join(", ")}`,
  },
  kernelsFrom: {
    ...path(),
    ...none,
    otherwise: "--init",
    help: "weights whose KE-Net and flow are used in stage restore",
  },
  preset: {
    ...choice(presetNames),
    ...none,
    otherwise: "that of --init, or lite",
    help: `size of the net: ${presetNames.join(", ")}`,
  },
  kernelSource: {
    ...choice(["flow", "direct", "none"]),
    ...none,
    otherwise: "that of --init, or flow",
    help: "flow, direct (no flow) or none",
  },
  noUncertainty: { ...toggle(), help: "decode codes as they are, not sampled with their σ" },
  kernelStride: {
    value: "1|2|4",
    numeric: true,
    ...none,
    otherwise: "that of the preset",
    help: "pixels a side that share a kernel",
    check(name, value) {
      if (value === 1 || value === 2 || value === 4) return value;
      throw invalid(name, "one of 1, 2, 4", value);
    },
  },
  keFeatures: {
    ...choice(["convs", "spectra"]),
    ...none,
    otherwise: "those of --init, or convs",
    help: "what KE-Net sees: convs, spectra",
  },
  deconvolution: { ...toggle(), help: "deconvolve before restoring; needs spectra" },
  patch: {
    value: "SIDE[:SHARE,...]",
    numeric: true,
    default: [{ side: 128, share: 1 }],
    otherwise: "128",
    help: `of a patch, px, a multiple of ${patchStep}; 96:0.6,192:0.4 grows`,
    check: patchSchedule,
  },
  batch: {
    ...upTo(1, 65_536),
    ...none,
    otherwise: "4; flow 256",
    help: "patches a step, of the first side (flow: kernels)",
  },
  kernelTruth: {
    ...decimal("WEIGHT", 0, 1e6, "from"),
    default: 0,
    help: "of the error of simulated kernels, in stage kernels",
  },
  fftLoss: {
    ...decimal("WEIGHT", 0, 1e6, "from"),
    default: 0,
    help: "of the difference of Fourier transforms, in stage restore",
  },
  gamma: {
    ...numberList("numbers from 0.1 to 10, such as 1,2.2,", (power) => power >= 0.1 && power <= 10),
    ...none,
    otherwise: "1; restore 1,2.2",
    help: "powers of samples that blur sums; 2.2: light",
  },
  noise: {
    ...decimal("MOST", 0, 1, "from"),
    default: usualNoise,
    help: "largest simulated noise, a standard deviation in 0 to 1",
  },
  jpeg: {
    ...decimal("SHARE", 0, 1, "from"),
    default: 0,
    help: "part of the simulated pairs stored as JPEG, 0 to 1",
  },
  reduce: {
    ...numberList("integers from 1 to 4, such as 1,2,", (factor) => [1, 2, 3, 4].includes(factor)),
    default: [1],
    otherwise: "1",
    help: "real pairs shrink by one of these; 1,2: half of them by 2",
  },
  iterations: { ...upTo(1, 10_000_000), ...none, common: true, help: "steps in all" },
  minutes: {
    ...decimal("MINUTES", 0, 1e6),
    ...none,
    common: true,
    help: "or as many steps as fit, at the pace of the first ones",
  },
  lr: {
    ...decimal("RATE", 0, 1),
    ...none,
    otherwise: "that of the net",
    help: "largest learning rate; nafnet 0.001",
  },
  seed: { ...upTo(0, 2 ** 32 - 1), value: "SEED", default: 0, help: "of all random choices" },
  checkpointMinutes: {
    ...decimal("MINUTES", 0, 1e6),
    default: 10,
    help: "time between checkpoints",
  },
  logEvery: { ...upTo(1, 100_000), default: 10, help: "iterations a line of the log sums up" },
  preview: { ...path("DIR"), ...none, help: "draw the first training pairs there" },
  serve: {
    ...upTo(0, 65_535),
    value: "PORT",
    ...none,
    otherwise: "none",
    help: "show the run's page live at http://127.0.0.1:PORT",
  },
  threads: {
    ...upTo(1, 1024),
    default: availableParallelism(),
    otherwise: "one a core",
    help: "threads that make training pairs",
  },
  workers: {
    ...upTo(1, 64),
    default: 1,
    help: "threads that share the batch of a step; not in flow",
  },
  engine: {
    ...choice(trainingEngines),
    default: "tfjs-wasm",
    help: trainingEngines.join(", "),
  },
  adapter: {
    ...word("NAME"),
    ...none,
    otherwise: "the first that is a GPU",
    help: "part of its name; tfjs-node-gpu: cpu",
  },
};

/** A number above (or from) `min` that need not be whole. */
function decimal(value: string, min: number, max: number, lowest: "above" | "from" = "above") {
  return {
    value,
    numeric: true,
    check(name: string, given: unknown): number {
      const number = typeof given === "string" && given.trim() !== "" ? Number(given) : given;
      if (typeof number === "number" && number <= max) {
        if (number > min || (lowest === "from" && number === min)) return number;
      }
      const range = lowest === "above" ? `above ${min}, at most ${max}` : `from ${min} to ${max}`;
      throw invalid(name, `a number ${range}`, given);
    },
  };
}

/** Some numbers with commas, each of which `allows`. */
function numberList(expected: string, allows: (number: number) => boolean) {
  return {
    value: "LIST",
    check(name: string, given: unknown): readonly number[] {
      const numbers = numbersOf(typeof given === "number" ? [given] : given) ?? [];
      if (numbers.length > 0 && numbers.every(allows)) return numbers;
      throw invalid(name, expected, given);
    },
  };
}

/** Kernels or pairs a step. */
export function batchOf(stage: TrainStage, { batch }: Pick<TrainOptions, "batch">): number {
  return batch ?? stageSettings[stage].batch;
}
