/** The options in, an engine out: the copy engine as it is, any other with the weights it needs. */
import { isDeblurError, OptionError, UnavailableError } from "../../errors.ts";
import type { PresetName } from "../../model/config.ts";
import type { Engine } from "../../model/engine.ts";
import { openCopyEngine } from "../../model/engines/copy.ts";
import { type BegunEngine, whenOpened } from "../../model/engines/device-engine.ts";
import { oneLine } from "../../text/describe-error.ts";
import { assertAgrees } from "./agreement.ts";
import type { EngineChoice } from "./engine-options.ts";
import { autoOrder, beginNamedEngine, engineTable, worthTrying } from "./engine-table.ts";
import { assertCalibrated, readWeights } from "./weights-file.ts";

/** An engine and the preset of its net; none: a net of other sizes, or no net. */
export interface ChosenEngine {
  readonly engine: Engine;
  readonly preset: PresetName | undefined;
  /** Settles when the engine is open, as it must be before the first tile; none: it is. */
  readonly ready?: Promise<void>;
}

/** Opens an engine; whoever called disposes it. `onNote` hears, in one line, what was not as wished. */
export type OpenEngine = (
  options: EngineChoice,
  onNote: (message: string) => void,
) => Promise<ChosenEngine>;

/**
 * @throws what `readWeights` throws; UnavailableError if the engine cannot be had here, OptionError if its adapter
 * cannot hold the tile
 */
export const chooseEngine: OpenEngine = async (options, onNote) => {
  if (options.engine === "copy") return { engine: openCopyEngine(), preset: undefined };
  const { pooling, precision, noise, threads, adapter } = options;
  // The engine's thread starts while they are read.
  const reading = readWeights(options);
  const weights = reading.then((file) => {
    if (precision === "int8") assertCalibrated(file, pooling);
    return file.bytes;
  });
  const settings = { weights, pooling, precision, noise, threads, adapter };
  // No other engine has int8.
  const name = precision === "int8" ? "onnx" : options.engine;
  try {
    const begun =
      name === "auto"
        ? await firstAvailable(options, settings, onNote)
        : await fitting(await beginNamedEngine(name, settings), options);
    const { preset } = await reading;
    return { ...begun, preset };
  } catch (error) {
    // What is wrong with the weights is told before what is wrong with the engine.
    await weights;
    throw error;
  }
};

/** The first of those that may be had here which opens; a note says what did not. */
async function firstAvailable(
  options: EngineChoice,
  settings: Parameters<typeof beginNamedEngine>[1],
  onNote: (message: string) => void,
): Promise<BegunEngine> {
  const missing: Error[] = [];
  for (const name of autoOrder.filter((one) => worthTrying(one, options.adapter))) {
    try {
      const begun = await fitting(await beginNamedEngine(name, settings), options);
      if (engineTable[name].gpu) await assertAgrees(await whenOpened(begun), settings);
      for (const { message } of missing) {
        onNote(oneLine(`${message}; going on with ${begun.engine.identity.engine}`));
      }
      return begun;
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
 * `begun`, if its adapter can bind the tensors of the tile that was asked for; otherwise it is disposed. Where
 * none was, tiles are made as large as it can.
 * @throws OptionError
 */
async function fitting(
  begun: BegunEngine,
  { tile = 0 }: Pick<EngineChoice, "tile">,
): Promise<BegunEngine> {
  const { largestTile, identity } = begun.engine;
  if (largestTile === undefined || tile <= largestTile) return begun;
  await begun.engine.dispose();
  throw new OptionError(
    `Expected at most ${largestTile} for tile, the largest this net can have on ${identity.engine}, ${identity.adapter}, but received ${tile}`,
  );
}
