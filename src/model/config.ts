/** Defines the settings of a net, and the presets. Graphs and weights follow from them. */
import type { KernelField } from "./engine.ts";

/** The nets that restore: NAFNet, MIMO-UNet (Cho et al., ICCV 2021) and MPRNet (Zamir et al., CVPR 2021). */
export type RestorerName = "nafnet" | "mimo-unet" | "mprnet";

/** The sizes of an MPRNet beside its width. */
export interface MprNetSizes {
  /** Channels that each of the two lower levels has more than the level above. */
  readonly growth: number;
  /** Channels that the third stage has more than the others. */
  readonly extraWidth: number;
  /** Attention blocks of each of the third stage's three groups. */
  readonly groupBlocks: number;
  /** Channels are divided by this inside channel attention. */
  readonly reduction: number;
}

/** The sizes of a net, as found in its weights. */
export interface NetConfig {
  /** NAFNet by default. */
  readonly restorer?: RestorerName;
  /** Channels of the restorer at full resolution; they double at each level of NAFNet and MIMO-UNet. */
  readonly width: number;
  /** Channels of KE-Net at full resolution; 0 without kernels. */
  readonly keBase: number;
  /**
   * Blocks of each encoder. An encoder of NAFNet attends to the kernels if it has exactly one block; all three of the
   * other restorers do.
   */
  readonly encoderBlocks: readonly number[];
  readonly middleBlocks: number;
  readonly decoderBlocks: readonly number[];
  /** Only of an MPRNet. */
  readonly mprnet?: MprNetSizes;
  /** Side k of a motion kernel; a field has k² channels. 0: a restorer without kernels. */
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

/** The source of a net's kernels; "none" for a restorer without kernels. */
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

/**
 * Image sides must be multiples of this: the resolution is halved for each level, and cells are whole. MPRNet cuts
 * image and field into halves before that.
 */
export function alignmentOf({ encoderBlocks, kernelStride, restorer }: NetConfig): number {
  if (restorer === "mprnet") return 2 * Math.max(4, kernelStride);
  const levels = encoderBlocks.length - (restorer === "mimo-unet" ? 1 : 0);
  return Math.max(2 ** levels, kernelStride);
}

/** The layout of the net's kernel field; undefined for a restorer without kernels. */
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
