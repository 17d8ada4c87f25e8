/**
 * A net's settings as the text fields weights carry beside their tensors: written by whoever makes a
 * file, held against the tensors by whoever reads one.
 */
import { WeightsError } from "../../errors.ts";
import { kernelSourceOf, type NetConfig, presetOf } from "../config.ts";
import { printable } from "./names.ts";

/** What a safetensors file says of itself, word by word. */
export type Metadata = Readonly<Record<string, string>>;

const publishedPatch = 256;

/** The fields for weights of these settings; `preset` only where they are one's. */
export function configMetadata(config: NetConfig): Record<string, string> {
  const preset = presetOf(config);
  return { ...(preset !== undefined && { preset }), ...settingsOf(config) };
}

function settingsOf(config: NetConfig): Record<string, string> {
  return {
    width: `${config.width}`,
    ke_base: `${config.keBase}`,
    enc_blk_nums: JSON.stringify(config.encoderBlocks),
    middle_blk_num: `${config.middleBlocks}`,
    dec_blk_nums: JSON.stringify(config.decoderBlocks),
    kernel_size: `${config.kernelSize}`,
    kernel_stride: `${config.kernelStride}`,
    ...(config.kernelSource !== undefined && { kernel_source: config.kernelSource }),
    train_patch: `${config.trainPatch}`,
  };
}

/** Side of the training patches, the one setting shapes cannot tell; the paper's when absent. */
export function trainPatchOf({ train_patch: patch }: Metadata): number {
  if (patch === undefined) return publishedPatch;
  if (/^[1-9]\d{0,4}$/.test(patch)) return Number(patch);
  throw new WeightsError(
    `expected train_patch to be a side in pixels but found ${printable(patch)}`,
  );
}

/** @throws WeightsError where a field tells other settings than those read off the tensors */
export function checkMetadata(config: NetConfig, metadata: Metadata): void {
  const expected: Record<string, string> = {
    preset: "none",
    kernel_source: kernelSourceOf(config),
    ...configMetadata(config),
  };
  for (const [field, value] of Object.entries(expected)) {
    const found = metadata[field];
    if (found !== undefined && found.replaceAll(" ", "") !== value) {
      throw new WeightsError(
        `the metadata say ${field} ${printable(found)} but the tensors are of ${field} ${value}`,
      );
    }
  }
}
