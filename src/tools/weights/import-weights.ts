/**
 * Weights from elsewhere in, our safetensors file out: read without executing anything, held against the
 * net they describe, stored with its settings.
 */
import { extname } from "node:path";
import { integer, oneOf } from "../../check.ts";
import { OptionError } from "../../errors.ts";
import { assertFree, publishFiles } from "../../io/system/publish.ts";
import { netOf } from "../../model/nets/net-of.ts";
import { bytesPerValue, type Dtype } from "../../model/weights/floats.ts";
import { withoutRanges } from "../../model/weights/int8-ranges.ts";
import { configMetadata } from "../../model/weights/metadata.ts";
import { writeSafetensors } from "../../model/weights/write-safetensors.ts";
import { inFile, loadWeights } from "../../pipeline/engines/load-weights.ts";

export interface ImportOptions {
  /** Replace an existing output; false unless said. */
  readonly force?: boolean;
  /** How values are stored, the flow's always F32: its inverse amplifies errors. F32 unless said. */
  readonly dtype?: Dtype;
  /** Side of the training patches in pixels. None: what the file says, or 256 as in the paper. */
  readonly trainPatch?: number;
}

/**
 * Converts the weights at `input` (.pth or safetensors) to safetensors at `output`, complete or not at all.
 * @throws OptionError, OutputError where `output` exists, NoInputError, WeightsError naming what does not
 *   fit, IoError
 */
export async function importWeights(
  input: string,
  output: string,
  { force = false, dtype = "F32", trainPatch }: ImportOptions = {},
): Promise<void> {
  oneOf("dtype", dtype, Object.keys(bytesPerValue));
  if (trainPatch !== undefined) integer("trainPatch", trainPatch, 1, 99_999);
  assertSafetensors(output);
  await assertFree(output, { force });
  const { tensors, metadata: found } = await loadWeights(input);
  const bytes = inFile(input, () => {
    const told = trainPatch === undefined ? found : { ...found, train_patch: `${trainPatch}` };
    const { config } = netOf({ tensors, metadata: told }, "global");
    // TLC's window follows the training patch, and what the restorer's convs read follows the window.
    const isSame = told["train_patch"] === found["train_patch"];
    const ranged = isSame ? found : withoutRanges(found, "restore tlc");
    // Fields that are not settings, such as a training card, stay with their weights.
    const metadata = { ...ranged, ...configMetadata(config) };
    return writeSafetensors(tensors, metadata, (name) =>
      name.startsWith("flow.") ? "F32" : dtype,
    );
  });
  await publishFiles(new Map([[output, bytes]]), { force });
}

/** Safetensors under the name of another format would be taken for it. @throws OptionError */
export function assertSafetensors(output: string): void {
  const suffix = extname(output);
  if (suffix === "" || suffix === ".safetensors") return;
  throw new OptionError(
    `Expected an output ending in .safetensors but received ${JSON.stringify(output)}`,
  );
}
