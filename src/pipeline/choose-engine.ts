/** The options in, an engine out: the copy engine as it is, any other with the weights it needs. */
import type { PresetName } from "../model/config.ts";
import type { Engine } from "../model/engine.ts";
import { openCopyEngine } from "../model/engines/copy.ts";
import { openOnnxEngine } from "../model/engines/onnx-engine.ts";
import type { FileOptions } from "./options.ts";
import { readWeights } from "./weights-file.ts";

/** An engine and the preset of its net; none: a net of other sizes, or no net. */
interface ChosenEngine {
  readonly engine: Engine;
  readonly preset: PresetName | undefined;
}

/** Opens an engine; whoever called disposes it. */
export type OpenEngine = (options: FileOptions) => Promise<ChosenEngine>;

/** @throws what `readWeights` throws; UnavailableError if the engine cannot be had here */
export const chooseEngine: OpenEngine = async (options) => {
  if (options.engine === "copy") return { engine: openCopyEngine(), preset: undefined };
  const { bytes, preset } = await readWeights(options);
  const { pooling, threads } = options;
  return { engine: await openOnnxEngine({ weights: bytes, pooling, threads }), preset };
};
