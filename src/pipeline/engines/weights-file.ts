/**
 * Reads the weights to use: the file the caller named, or a preset bundled with the package. Derives the preset
 * from the tensors.
 */
import { join } from "node:path";
import { OptionError, UnavailableError, WeightsError } from "../../errors.ts";
import { packageFolder } from "../../io/system/package-file.ts";
import { readWhole } from "../../io/system/read-whole.ts";
import { type PresetName, presetOf } from "../../model/config.ts";
import type { Pooling } from "../../model/engine.ts";
import { rangesIn, rangesOf } from "../../model/weights/int8-ranges.ts";
import type { Metadata } from "../../model/weights/metadata.ts";
import { isPth } from "../../model/weights/pth.ts";
import { configOf } from "../../model/weights/weights.ts";
import { inFile, readOwn } from "./load-weights.ts";

/** A weights file that was read. */
export interface WeightsFile {
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** undefined: the net has other sizes than any preset. */
  readonly preset: PresetName | undefined;
  readonly metadata: Metadata;
}

/** The presets in the package; the others are too large for it. */
const bundled: readonly PresetName[] = ["lite"];

/**
 * Reads the file `weights` if given, else the bundled weights of `preset`, or of lite.
 * @throws NoInputError if the file does not exist; UnavailableError if the preset is not bundled;
 *   WeightsError if the file is damaged or of another net; OptionError if it is not of `preset`
 */
export async function readWeights(choice: {
  readonly weights: string | undefined;
  readonly preset: PresetName | undefined;
}): Promise<WeightsFile> {
  const path = choice.weights ?? bundledPath(choice.preset ?? "lite");
  const bytes = await readWhole(path);
  const { preset, metadata } = netIn(path, bytes);
  if (choice.preset !== undefined && preset !== choice.preset) {
    const found = preset ?? "another net";
    throw new OptionError(
      `Expected weights of preset ${choice.preset} but ${path} has those of ${found}`,
    );
  }
  return { path, bytes, preset, metadata };
}

/** Checks the weights for int8. @throws UnavailableError if they have no ranges; WeightsError if the ranges are wrong */
export function assertCalibrated({ path, metadata }: WeightsFile, pooling: Pooling): void {
  inFile(path, () => rangesOf(rangesIn(metadata), `restore ${pooling}`, path));
}

function bundledPath(preset: PresetName): string {
  if (!bundled.includes(preset)) {
    throw new UnavailableError(
      `weights for preset ${preset} are not bundled: give \`weights\` FILE`,
    );
  }
  return join(packageFolder, "weights", `ufpnet-${preset}.safetensors`);
}

function netIn(path: string, bytes: Uint8Array): Pick<WeightsFile, "preset" | "metadata"> {
  return inFile(path, () => {
    if (isPth(bytes)) {
      throw new WeightsError(`a PyTorch file; first deblur import ${path} -o FILE.safetensors`);
    }
    const { metadata, tensors } = readOwn(bytes);
    return { preset: presetOf(configOf(tensors, metadata)), metadata };
  });
}
