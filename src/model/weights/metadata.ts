/** Writes a net's settings as the metadata of a weights file, and compares them with the tensors of a file. */
import { WeightsError } from "../../errors.ts";
import { kernelSourceOf, type MprNetSizes, type NetConfig, presetOf } from "../config.ts";
import { printable } from "./names.ts";

/** The text fields of a safetensors file. */
export type Metadata = Readonly<Record<string, string>>;

const publishedPatch = 256;

/** The metadata for weights with these settings; `preset` only if they match one. */
export function configMetadata(config: NetConfig): Record<string, string> {
  const preset = presetOf(config);
  return { ...(preset !== undefined && { preset }), ...settingsOf(config) };
}

function settingsOf(config: NetConfig): Record<string, string> {
  return {
    ...(config.restorer !== undefined && { restorer: config.restorer }),
    width: `${config.width}`,
    ke_base: `${config.keBase}`,
    enc_blk_nums: JSON.stringify(config.encoderBlocks),
    middle_blk_num: `${config.middleBlocks}`,
    dec_blk_nums: JSON.stringify(config.decoderBlocks),
    ...(config.mprnet && mprNetFields(config.mprnet)),
    kernel_size: `${config.kernelSize}`,
    kernel_stride: `${config.kernelStride}`,
    ...(config.keFeatures !== undefined && { ke_features: config.keFeatures }),
    ...(config.deconvolution === true && { deconvolution: "true" }),
    ...(config.kernelSource !== undefined && { kernel_source: config.kernelSource }),
    train_patch: `${config.trainPatch}`,
  };
}

function mprNetFields(sizes: MprNetSizes): Record<string, string> {
  return {
    growth: `${sizes.growth}`,
    extra_width: `${sizes.extraWidth}`,
    group_blocks: `${sizes.groupBlocks}`,
    reduction: `${sizes.reduction}`,
  };
}

/** Side of the training patches, the only setting that shapes do not determine; the paper's by default. */
export function trainPatchOf({ train_patch: patch }: Metadata): number {
  if (patch === undefined) return publishedPatch;
  if (/^[1-9]\d{0,4}$/.test(patch)) return Number(patch);
  throw new WeightsError(
    `expected train_patch to be a side in pixels but found ${printable(patch)}`,
  );
}

/** @throws WeightsError if a field contradicts the settings derived from the tensors */
export function checkMetadata(config: NetConfig, metadata: Metadata): void {
  const expected: Record<string, string> = {
    preset: "none",
    restorer: "nafnet",
    kernel_source: kernelSourceOf(config),
    ke_features: "convs",
    deconvolution: "false",
    ...configMetadata(config),
  };
  for (const [field, value] of Object.entries(expected)) {
    const found = metadata[field];
    if (found !== undefined && found.replaceAll(" ", "") !== value) {
      throw new WeightsError(
        `the metadata have ${field} ${printable(found)} but the tensors have ${field} ${value}`,
      );
    }
  }
}
