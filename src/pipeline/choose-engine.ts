/** The options in, an engine out: the copy engine as it is, any other with the weights it needs. */
import { isDeblurError, UnavailableError } from "../errors.ts";
import type { PresetName } from "../model/config.ts";
import type { Engine } from "../model/engine.ts";
import { openCopyEngine } from "../model/engines/copy.ts";
import { openOnnxEngine } from "../model/engines/onnx-engine.ts";
import { sideBySide } from "../model/engines/side-by-side.ts";
import { openWasmEngine } from "../model/engines/tfjs-wasm-engine.ts";
import { oneLine } from "./one-line.ts";
import type { FileOptions } from "./options.ts";
import { readWeights } from "./weights-file.ts";

/** An engine and the preset of its net; none: a net of other sizes, or no net. */
interface ChosenEngine {
  readonly engine: Engine;
  readonly preset: PresetName | undefined;
}

/** Opens an engine; whoever called disposes it. `onNote` hears, in one line, what was not as wished. */
export type OpenEngine = (
  options: FileOptions,
  onNote: (message: string) => void,
) => Promise<ChosenEngine>;

/** @throws what `readWeights` throws; UnavailableError if the engine cannot be had here */
export const chooseEngine: OpenEngine = async (options, onNote) => {
  if (options.engine === "copy") return { engine: openCopyEngine(), preset: undefined };
  const { bytes, preset } = await readWeights(options);
  const settings = { weights: bytes, pooling: options.pooling, noise: options.noise };
  const openOne = () => openOnnxEngine({ ...settings, threads: options.threads });
  const onnx = async () => {
    const first = await openOne();
    // On one core there are no gaps to fill.
    return options.threads === 1 ? first : sideBySide(first, openOne);
  };
  const wasm = () => openWasmEngine(settings);
  switch (options.engine) {
    case "onnx":
      return { engine: await onnx(), preset };
    case "tfjs-wasm":
      return { engine: await wasm(), preset };
    case "auto":
      return { engine: await firstAvailable(onnx, wasm, onNote), preset };
  }
};

/** What `first` opens; where that is unavailable, what `second` opens, and a note says so. */
async function firstAvailable(
  first: () => Promise<Engine>,
  second: () => Promise<Engine>,
  onNote: (message: string) => void,
): Promise<Engine> {
  try {
    return await first();
  } catch (missing) {
    if (!isDeblurError(missing, "UnavailableError")) throw missing;
    const engine = await second().catch((cause: unknown) => {
      if (!isDeblurError(cause, "UnavailableError")) throw cause;
      throw new UnavailableError(`${missing.message}; ${cause.message}`, { cause });
    });
    onNote(oneLine(`${missing.message}; going on with ${engine.identity.engine}`));
    return engine;
  }
}
