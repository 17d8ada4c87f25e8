/** Opens an engine for a pipeline of your own: the command's choice, with the command's weights. */
import type { Engine } from "../model/engine.ts";
import { whenOpened } from "../model/engines/device-engine.ts";
import { chooseEngine } from "./engines/choose-engine.ts";
import type { EngineOptions } from "./engines/engine-options.ts";
import { completeOptions } from "./options/complete-options.ts";

/**
 * Opens an engine with the bundled weights, or the weights in the options. Any number of pipelines may share it at the
 * same time: its lane admits one tile at a time. The caller disposes it, once all pipelines are done.
 *
 *     const engine = await openEngine({ threads: 4 });
 *
 * @param onNote - receives one line for each deviation from the options, such as an engine that is unavailable
 * @throws OptionError, NoInputError, WeightsError; UnavailableError if no engine is available
 */
export async function openEngine(
  given: Partial<EngineOptions> = {},
  onNote: (message: string) => void = () => {},
): Promise<Engine> {
  const { engine, ready } = await chooseEngine(completeOptions(given), onNote);
  return ready === undefined ? engine : whenOpened({ engine, ready });
}
