/** Lists every command. */

import type { Command } from "../command.ts";
import { assembleCommand } from "./assemble.ts";
import { calibrateCommand } from "./calibrate.ts";
import { completionCommand } from "./completion.ts";
import { deblurCommand } from "./deblur.ts";
import { enginesCommand } from "./engines.ts";
import { evalCommand } from "./eval.ts";
import { exportCommand } from "./export.ts";
import { importCommand } from "./import.ts";
import { infoCommand } from "./info.ts";
import { pairsCommand } from "./pairs.ts";
import { planCommand } from "./plan.ts";
import { queueCommand } from "./queue.ts";
import { reportCommand } from "./report.ts";
import { runCommand } from "./run.ts";
import { submitCommand } from "./submit.ts";
import { trainCommand } from "./train.ts";
import { workCommand } from "./work.ts";

/** The command of a call whose first operand names none. */
export const unnamedCommand: Command = deblurCommand;

/** In the order of --help. */
export const namedCommands: readonly Command[] = [
  importCommand,
  exportCommand,
  calibrateCommand,
  infoCommand,
  evalCommand,
  reportCommand,
  enginesCommand,
  trainCommand,
  pairsCommand,
  planCommand,
  runCommand,
  assembleCommand,
  submitCommand,
  workCommand,
  queueCommand,
  completionCommand(() => [unnamedCommand, ...namedCommands]),
];
