/** Defines `deblur engines`: lists the engines that work on this machine. */
import { listEngines, probeSide, type TriedEngine } from "../../pipeline/engines/list-engines.ts";
import { type FileOptions, fileOptionTable } from "../../pipeline/options/file-options.ts";
import { toggle } from "../../pipeline/options/option-table.ts";
import { plain } from "../../text/words.ts";
import { type Command, helpRow, jsonLine, jsonRow } from "../command.ts";

interface EnginesFlags extends Pick<FileOptions, "adapter"> {
  readonly probe: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

export const enginesCommand: Command<EnginesFlags> = {
  name: "engines",
  operand: undefined,
  usage: "deblur engines [options]",
  summary: "shows which engines work on this machine",
  about: `Prints each engine with its version if it works here; else what was found, what is needed and the
command that installs it. Each engine is tried on a tile of 16×16 pixels with the bundled weights.
"not run by us": this version was not tested with that hardware or library.

--engine auto chooses the first of the first eight that works, once, before the first tile: GPUs
first, then processors. It skips engines that are not installed or have no GPU, and reports engines
that fail. It uses a GPU only where a small tile is restored as on the processor. WebGPU adapters
that compute in software are refused unless --adapter names them.`,
  options: {
    adapter: fileOptionTable.adapter,
    probe: {
      ...toggle(),
      common: true,
      help: `time a tile of ${probeSide}×${probeSide} on each`,
    },
    json: jsonRow,
    help: helpRow,
  },
  async run({ options }, { stdout }) {
    const engines = await listEngines(options);
    stdout.write(options.json ? jsonLine({ engines }) : engineLines(engines));
  },
};

function engineLines(engines: readonly TriedEngine[]): string {
  const column = Math.max(...engines.map(({ name }) => name.length)) + 2;
  const lines = engines.map((engine) => {
    const found = engine.usable ? `yes  ${usableWords(engine)}` : `no   ${engine.problem}`;
    return `${engine.name.padEnd(column)}${found}${triedWords(engine)}\n`;
  });
  return lines.join("");
}

function usableWords({ version, adapter, tileSeconds }: TriedEngine): string {
  const place = adapter === undefined ? "" : ` on ${adapter}`;
  const time = tileSeconds === undefined ? "" : `, ${plain(tileSeconds)} s a tile`;
  return `${version}${place}${time}`;
}

function triedWords({ tried }: TriedEngine): string {
  if (tried === "yes") return "";
  return tried === "no" ? " (not run by us)" : ` (run by us ${tried} only)`;
}
