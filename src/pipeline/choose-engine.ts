/** The options in, an engine out: the copy engine as it is, any other with the weights it needs. */
import { isDeblurError, OptionError, UnavailableError } from "../errors.ts";
import type { PresetName } from "../model/config.ts";
import type { Engine } from "../model/engine.ts";
import { openCopyEngine } from "../model/engines/copy.ts";
import { assertAgrees } from "./agreement.ts";
import { autoOrder, engineTable, openNamedEngine, worthTrying } from "./engine-table.ts";
import { oneLine } from "./one-line.ts";
import type { FileOptions } from "./options.ts";
import { assertCalibrated, readWeights } from "./weights-file.ts";

/** An engine and the preset of its net; none: a net of other sizes, or no net. */
export interface ChosenEngine {
  readonly engine: Engine;
  readonly preset: PresetName | undefined;
}

/** Opens an engine; whoever called disposes it. `onNote` hears, in one line, what was not as wished. */
export type OpenEngine = (
  options: FileOptions,
  onNote: (message: string) => void,
) => Promise<ChosenEngine>;

/**
 * @throws what `readWeights` throws; UnavailableError if the engine cannot be had here, OptionError if its adapter
 * cannot hold the tile
 */
export const chooseEngine: OpenEngine = async (options, onNote) => {
  if (options.engine === "copy") return { engine: openCopyEngine(), preset: undefined };
  const file = await readWeights(options);
  const { bytes, preset } = file;
  const { pooling, precision, noise, threads, adapter } = options;
  if (precision === "int8") assertCalibrated(file, pooling);
  const settings = { weights: bytes, pooling, precision, noise, threads, adapter };
  // No other engine has int8.
  const name = precision === "int8" ? "onnx" : options.engine;
  if (name !== "auto") {
    const engine = await openNamedEngine(name, settings);
    return { engine: await fitting(engine, options), preset };
  }
  return { engine: await firstAvailable(options, settings, onNote), preset };
};

/** The first of those that may be had here which opens; a note says what did not. */
async function firstAvailable(
  options: FileOptions,
  settings: Parameters<typeof openNamedEngine>[1],
  onNote: (message: string) => void,
): Promise<Engine> {
  const missing: Error[] = [];
  for (const name of autoOrder.filter((one) => worthTrying(one, options.adapter))) {
    try {
      const engine = await fitting(await openNamedEngine(name, settings), options);
      if (engineTable[name].gpu) await assertAgrees(engine, settings);
      for (const { message } of missing) {
        onNote(oneLine(`${message}; going on with ${engine.identity.engine}`));
      }
      return engine;
    } catch (error) {
      const passes = engineTable[name].gpu && isDeblurError(error, "OptionError");
      if (!passes && !isDeblurError(error, "UnavailableError")) throw error;
      missing.push(error);
    }
  }
  throw new UnavailableError(missing.map(({ message }) => message).join("; "), {
    cause: missing.at(-1),
  });
}

/**
 * `engine`, if its adapter can bind the tensors of the tile that was asked for; otherwise it is disposed. Where
 * none was, tiles are made as large as it can.
 * @throws OptionError
 */
async function fitting(engine: Engine, { tile = 0 }: Pick<FileOptions, "tile">): Promise<Engine> {
  const { largestTile, identity } = engine;
  if (largestTile === undefined || tile <= largestTile) return engine;
  await engine.dispose();
  throw new OptionError(
    `Expected at most ${largestTile} for tile, the largest this net can have on ${identity.engine}, ${identity.adapter}, but received ${tile}`,
  );
}
