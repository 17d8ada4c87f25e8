/** Every command by its name, and the names kept for those to come. */
import type { Command } from "./command.ts";
import { deblurCommand } from "./deblur.ts";
import { enginesCommand } from "./engines.ts";
import { evalCommand } from "./eval.ts";
import { exportCommand } from "./export.ts";
import { importCommand } from "./import.ts";
import { infoCommand } from "./info.ts";
import { trainCommand } from "./train.ts";

/** The command where the first operand names none. */
export const unnamedCommand: Command = deblurCommand;

/** In the order of --help. */
export const namedCommands: readonly Command[] = [
  importCommand,
  exportCommand,
  infoCommand,
  evalCommand,
  enginesCommand,
  trainCommand,
];

/** Commands to come: as a first operand they are not files. */
export const reservedNames: readonly string[] = ["report", "plan", "run", "assemble"];
