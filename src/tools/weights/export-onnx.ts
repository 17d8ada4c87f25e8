/** Writes a net as three ONNX files, for other runtimes. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { oneOf } from "../../check.ts";
import { OutputError } from "../../errors.ts";
import { publishFiles } from "../../io/system/publish.ts";
import { systemMessage } from "../../io/system/system-error.ts";
import type { Pooling } from "../../model/engine.ts";
import { buildNet } from "../../model/nets/build-net.ts";
import { serializeGraph } from "../../model/onnx/serialize.ts";
import { inFile, loadWeights } from "../../pipeline/engines/load-weights.ts";

export interface ExportOptions {
  /** Replace existing files. Default false. */
  readonly force?: boolean;
  /** Channel attention over the whole input, or in TLC's window. Default global. */
  readonly pooling?: Pooling;
}

/**
 * Writes estimate-kernels.onnx, decode-flow.onnx and restore.onnx into `folder`, which is made where it is missing; all
 * or none: opset 17, float32, NCHW, batch 1, sides multiples of 2^levels.
 * @returns their paths, in the order they run
 * @throws OptionError, NoInputError, WeightsError, OutputError where one exists, IoError
 */
export async function exportOnnx(
  weightsPath: string,
  folder: string,
  { force = false, pooling = "global" }: ExportOptions = {},
): Promise<string[]> {
  oneOf("pooling", pooling, ["global", "tlc"]);
  const weights = await loadWeights(weightsPath);
  const { graphs } = inFile(weightsPath, () => buildNet(weights, pooling));
  const files = new Map(
    Object.entries(graphs).map(([name, graph]) => [
      join(folder, `${name}.onnx`),
      serializeGraph(name, graph, weights.tensors),
    ]),
  );
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new OutputError(folder, `cannot be made: ${systemMessage(cause)}`, { cause });
  });
  await publishFiles(files, { force });
  return [...files.keys()];
}
