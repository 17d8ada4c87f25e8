/** The settings of a net as plain data, and the presets. Everything else follows from them. */
import type { KernelField } from "./engine.ts";

/** The sizes of a net, as its weights have them. */
export interface NetConfig {
  /** Channels of NAFNet at full resolution; they double at each level. */
  readonly width: number;
  /** Channels of KE-Net at full resolution; 0 without kernels. */
  readonly keBase: number;
  /** Blocks of each encoder; an encoder with exactly one block attends to the kernels. */
  readonly encoderBlocks: readonly number[];
  readonly middleBlocks: number;
  readonly decoderBlocks: readonly number[];
  /** Side k of a motion kernel; a field has k² channels. 0: a plain NAFNet, which knows no kernels. */
  readonly kernelSize: number;
  /** Pixels a side that share one kernel: 1 is the published net, 2 and 4 are our extension. */
  readonly kernelStride: KernelStride;
  /** Where kernels come from; `uncertain-flow`, the published net, unless said. */
  readonly kernelSource?: KernelSource;
  /** Side of the patches the weights were trained on, in pixels; TLC's window follows from it. */
  readonly trainPatch: number;
}

/** Pixels a side of a cell of the kernel field. */
export type KernelStride = 1 | 2 | 4;

/**
 * The flow decodes KE-Net's code mixed with its uncertainty, or the code alone; or there is no flow and the
 * code, a softmax, is the kernel itself (the rows of the paper's Tables 4 and 5).
 */
export type KernelSource = "uncertain-flow" | "flow" | "direct";

/** Where a net's kernels come from; "none" for a plain NAFNet. */
export function kernelSourceOf({ kernelSize, kernelSource }: NetConfig): KernelSource | "none" {
  return kernelSize === 0 ? "none" : (kernelSource ?? "uncertain-flow");
}

/** The sizes of net that have a name. */
export type PresetName = "lite" | "small" | "paper";

const published = {
  encoderBlocks: [1, 1, 1, 28],
  middleBlocks: 1,
  decoderBlocks: [1, 1, 1, 1],
  kernelSize: 19,
  trainPatch: 256,
} as const;

/** `paper` is the published net exactly; the others trade quality for speed. */
export const presets: Readonly<Record<PresetName, NetConfig>> = {
  lite: { ...published, width: 16, keBase: 16, kernelStride: 4 },
  small: { ...published, width: 32, keBase: 32, kernelStride: 4 },
  paper: { ...published, width: 64, keBase: 64, kernelStride: 1 },
};

/** Image sides must be multiples of this: every encoder halves the resolution once. */
export function alignmentOf(config: NetConfig): number {
  return 2 ** config.encoderBlocks.length;
}

/** What its kernels are like; none for a plain NAFNet. */
export function kernelFieldOf({ kernelSize, kernelStride }: NetConfig): KernelField | undefined {
  return kernelSize === 0 ? undefined : { size: kernelSize, stride: kernelStride };
}

/** The preset whose net these settings describe, whatever patches it was trained on. */
export function presetOf(config: NetConfig): PresetName | undefined {
  const shape = ({ trainPatch: _, ...rest }: NetConfig) =>
    JSON.stringify(Object.entries(rest).sort());
  return (Object.keys(presets) as PresetName[]).find(
    (name) => shape(presets[name]) === shape(config),
  );
}
