/** `deblur engines`: what can compute the net on this machine. */
import { listEngines, type TriedEngine } from "../list-engines.ts";
import { type Command, helpRow, jsonLine, jsonRow } from "./command.ts";

interface EnginesFlags {
  readonly json: boolean;
  readonly help: boolean;
}

export const enginesCommand: Command<EnginesFlags> = {
  name: "engines",
  operand: undefined,
  usage: "deblur engines [options]",
  summary: "shows which engines work on this machine",
  about: `Prints each engine, whether it is usable here, and its version; or why not, and the command that
would make it usable. Each is tried on a tile of 16×16 pixels with the bundled weights.`,
  options: { json: jsonRow, help: helpRow },
  async run({ options }, { stdout }) {
    const engines = await listEngines();
    stdout.write(options.json ? jsonLine({ engines }) : engineLines(engines));
  },
};

function engineLines(engines: readonly TriedEngine[]): string {
  const column = Math.max(...engines.map(({ name }) => name.length)) + 2;
  const lines = engines.map(({ name, usable, version, problem }) => {
    const found = usable ? `yes  ${version}` : `no   ${problem}`;
    return `${name.padEnd(column)}${found}\n`;
  });
  return lines.join("");
}
