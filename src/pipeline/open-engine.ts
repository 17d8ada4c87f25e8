/** An engine for pipelines of your own: the one the command would choose, with the weights it would use. */
import type { Engine } from "../model/engine.ts";
import { whenOpened } from "../model/engines/device-engine.ts";
import { chooseEngine } from "./engines/choose-engine.ts";
import type { EngineOptions } from "./engines/engine-options.ts";
import { completeOptions } from "./options/complete-options.ts";

/**
 * Opens an engine, the bundled weights in place unless others are named. Any number of pipelines may share it, at
 * the same time: its lane lets one tile at a time through. Whoever opened it disposes it, once all are done.
 *
 *     const engine = await openEngine({ threads: 4 });
 *
 * @param onNote - hears in one line what is not as wished, such as an engine that is not there
 * @throws OptionError, NoInputError, WeightsError; UnavailableError where no engine can be had here
 */
export async function openEngine(
  given: Partial<EngineOptions> = {},
  onNote: (message: string) => void = () => {},
): Promise<Engine> {
  const { engine, ready } = await chooseEngine(completeOptions(given), onNote);
  return ready === undefined ? engine : whenOpened({ engine, ready });
}
