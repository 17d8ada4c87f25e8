/** Defines the settings of a net, and the presets. Graphs and weights follow from them. */
import type { KernelField } from "./engine.ts";

/** The sizes of a net, as found in its weights. */
export interface NetConfig {
  /** Channels of NAFNet at full resolution; they double at each level. */
  readonly width: number;
  /** Channels of KE-Net at full resolution; 0 without kernels. */
  readonly keBase: number;
  /** Blocks of each encoder; an encoder with exactly one block attends to the kernels. */
  readonly encoderBlocks: readonly number[];
  readonly middleBlocks: number;
  readonly decoderBlocks: readonly number[];
  /** Side k of a motion kernel; a field has k² channels. 0: a plain NAFNet without kernels. */
  readonly kernelSize: number;
  /** Pixels per side that share one kernel: 1 is the published net, the others are our extension. */
  readonly kernelStride: KernelStride;
  /**
   * What KE-Net sees: the image through convs, as in the published net (default), or local spectra of its gradients,
   * our extension, with kernel stride 16. `keBase` is then the width of the net behind the spectra.
   */
  readonly keFeatures?: "convs" | "spectra";
  /** True: NAFNet sees the image deconvolved with the kernels beside the blurry one (our extension; stride 16). */
  readonly deconvolution?: boolean;
  /** Source of the kernels; `uncertain-flow`, as in the published net, by default. */
  readonly kernelSource?: KernelSource;
  /** Side of the patches the weights were trained on, in pixels; determines TLC's window. */
  readonly trainPatch: number;
}

/** Pixels per side of a cell of the kernel field. */
export type KernelStride = 1 | 2 | 4 | 16;

/**
 * The flow decodes KE-Net's code, with or without its uncertainty. With "direct" there is no flow: the code, a
 * softmax, is the kernel itself (the rows of the paper's Tables 4 and 5).
 */
export type KernelSource = "uncertain-flow" | "flow" | "direct";

/** The source of a net's kernels; "none" for a plain NAFNet. */
export function kernelSourceOf({ kernelSize, kernelSource }: NetConfig): KernelSource | "none" {
  return kernelSize === 0 ? "none" : (kernelSource ?? "uncertain-flow");
}

/** Named sizes of nets. */
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

/** Image sides must be multiples of this: every encoder halves the resolution once, and cells are whole. */
export function alignmentOf({ encoderBlocks, kernelStride }: NetConfig): number {
  return Math.max(2 ** encoderBlocks.length, kernelStride);
}

/** The layout of the net's kernel field; undefined for a plain NAFNet. */
export function kernelFieldOf({ kernelSize, kernelStride }: NetConfig): KernelField | undefined {
  return kernelSize === 0 ? undefined : { size: kernelSize, stride: kernelStride };
}

/** The preset with this net, ignoring the training patch; undefined if none matches. */
export function presetOf(config: NetConfig): PresetName | undefined {
  const shape = ({ trainPatch: _, ...rest }: NetConfig) =>
    JSON.stringify(Object.entries(rest).sort());
  return (Object.keys(presets) as PresetName[]).find(
    (name) => shape(presets[name]) === shape(config),
  );
}
