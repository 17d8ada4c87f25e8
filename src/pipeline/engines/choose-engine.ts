/** Chooses and opens the engine that the options ask for, with its weights. */
import { isDeblurError, OptionError, UnavailableError, WeightsError } from "../../errors.ts";
import type { PresetName } from "../../model/config.ts";
import type { Engine } from "../../model/engine.ts";
import { openCopyEngine } from "../../model/engines/copy.ts";
import { type BegunEngine, whenOpened } from "../../model/engines/device-engine.ts";
import { isOnnxEngine } from "../../model/engines/onnx/providers.ts";
import { oneLine } from "../../text/describe-error.ts";
import { assertAgrees } from "./agreement.ts";
import type { EngineChoice } from "./engine-options.ts";
import {
  autoOrder,
  beginNamedEngine,
  engineTable,
  type NamedEngine,
  worthTrying,
} from "./engine-table.ts";
import { readNet } from "./read-net.ts";
import { assertCalibrated, readWeights } from "./weights-file.ts";

/** An engine and the preset of its net. */
export interface ChosenEngine {
  readonly engine: Engine;
  /** undefined: the net has other sizes than any preset, or the engine has no net. */
  readonly preset: PresetName | undefined;
  /** Settles when the engine is open, as the first tile needs; undefined: it is open. */
  readonly ready?: Promise<void>;
}

/** Opens an engine; the caller disposes it. `onNote` receives one line for each deviation from the options. */
export type OpenEngine = (
  options: EngineChoice,
  onNote: (message: string) => void,
) => Promise<ChosenEngine>;

/**
 * Chooses the engine named in the options, or the first available one for "auto".
 * @throws the errors of `readWeights`; UnavailableError if the engine is unavailable; OptionError if its adapter
 * cannot hold the tile
 */
export const chooseEngine: OpenEngine = async (options, onNote) => {
  if (options.net !== undefined) return chooseForNet(options, options.net, onNote);
  if (options.engine === "copy") return { engine: openCopyEngine(), preset: undefined };
  const { pooling, precision, noise, threads, adapter } = options;
  // The engine's thread starts while the weights are read.
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
        ? await firstAvailable(autoOrder, options, settings, onNote)
        : await fitting(await beginNamedEngine(name, settings), options);
    const { preset } = await reading;
    return { ...begun, preset };
  } catch (error) {
    // An error of the weights takes precedence over one of the engine.
    await weights;
    throw error;
  }
};

/**
 * Opens the net at `path`, made elsewhere, on an engine for its kind of file.
 * @throws the errors of `readNet`; OptionError if the engine is for the other kind; UnavailableError
 */
async function chooseForNet(
  options: EngineChoice,
  path: string,
  onNote: (message: string) => void,
): Promise<ChosenEngine> {
  const { engine, pooling, threads, adapter, netRange } = options;
  const net = await readNet(path, netRange);
  const settings = { weights: net, pooling, threads, adapter };
  const fits = (name: string) => isOnnxEngine(name) === (net.kind === "onnx");
  try {
    if (engine === "auto") {
      return {
        ...(await firstAvailable(autoOrder.filter(fits), options, settings, onNote)),
        preset: undefined,
      };
    }
    if (engine === "copy" || !fits(engine)) {
      const others = autoOrder.filter(fits).join(", ");
      throw new OptionError(`Expected an engine for ${path}, ${others}, but received ${engine}`);
    }
    return {
      ...(await fitting(await beginNamedEngine(engine, settings), options)),
      preset: undefined,
    };
  } catch (cause) {
    if (!(cause instanceof WeightsError)) throw cause;
    throw new WeightsError(`${path}: ${cause.message}`, { cause });
  }
}

/** Opens the first engine of `names` that works here. A note reports each that failed. */
async function firstAvailable(
  names: readonly NamedEngine[],
  options: EngineChoice,
  settings: Parameters<typeof beginNamedEngine>[1],
  onNote: (message: string) => void,
): Promise<BegunEngine> {
  const missing: Error[] = [];
  for (const name of names.filter((one) => worthTrying(one, options.adapter))) {
    try {
      const begun = await fitting(await beginNamedEngine(name, settings), options);
      if (engineTable[name].gpu) await assertAgrees(await whenOpened(begun), settings);
      for (const { message } of missing) {
        onNote(oneLine(`${message}; continuing with ${begun.engine.identity.engine}`));
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
 * Returns `begun` if its adapter can bind the tensors of the chosen tile; otherwise disposes it. Without a chosen
 * tile, the plan later uses the largest that fits.
 * @throws OptionError if the tile does not fit
 */
async function fitting(
  begun: BegunEngine,
  { tile = 0 }: Pick<EngineChoice, "tile">,
): Promise<BegunEngine> {
  const { largestTile, identity } = begun.engine;
  if (largestTile === undefined || tile <= largestTile) return begun;
  await begun.engine.dispose();
  const { engine, adapter } = identity;
  const device = adapter === undefined ? engine : `${engine}, ${adapter}`;
  throw new OptionError(
    `Expected at most ${largestTile} for tile, the largest this net can have on ${device}, but received ${tile}`,
  );
}
