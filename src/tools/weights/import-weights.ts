/**
 * Converts weights of other programs to safetensors: reads them without executing anything, checks them against the net
 * they describe, and stores them with its settings.
 */
import { extname } from "node:path";
import { integer, oneOf } from "../../check.ts";
import { OptionError } from "../../errors.ts";
import { assertFree, publishFiles } from "../../io/system/publish.ts";
import { buildNet } from "../../model/nets/build-net.ts";
import { bytesPerValue, type Dtype } from "../../model/weights/floats.ts";
import { withoutRanges } from "../../model/weights/int8-ranges.ts";
import { configMetadata } from "../../model/weights/metadata.ts";
import { writeSafetensors } from "../../model/weights/write-safetensors.ts";
import { inFile, loadWeights } from "../../pipeline/engines/load-weights.ts";

export interface ImportOptions {
  /** Replace an existing output. Default false. */
  readonly force?: boolean;
  /** Type of stored values. Default F32, which the flow always has: its inverse amplifies errors. */
  readonly dtype?: Dtype;
  /** Side of the training patches in pixels; undefined: that of the file, or 256 as in the paper. */
  readonly trainPatch?: number;
}

/**
 * Converts the weights at `input` (.pth or safetensors) to safetensors at `output`, complete or not at all.
 * @throws OptionError, OutputError where `output` exists, NoInputError, WeightsError naming the tensors that do not fit,
 *   IoError
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
    const given = trainPatch === undefined ? found : { ...found, train_patch: `${trainPatch}` };
    const { config } = buildNet({ tensors, metadata: given }, "global");
    // The training patch decides TLC's window, and the window decides what the restorer's convs read.
    const isSame = given["train_patch"] === found["train_patch"];
    const ranged = isSame ? found : withoutRanges(found, "restore tlc");
    // Fields that are no settings, such as a training card, are kept.
    const metadata = { ...ranged, ...configMetadata(config) };
    return writeSafetensors(tensors, metadata, (name) =>
      name.startsWith("flow.") ? "F32" : dtype,
    );
  });
  await publishFiles(new Map([[output, bytes]]), { force });
}

/** @throws OptionError where the name of `output` is that of another format */
export function assertSafetensors(output: string): void {
  const suffix = extname(output);
  if (suffix === "" || suffix === ".safetensors") return;
  throw new OptionError(
    `Expected an output ending in .safetensors but received ${JSON.stringify(output)}`,
  );
}
