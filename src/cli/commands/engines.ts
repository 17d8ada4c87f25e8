/** `deblur engines`: what can compute the net on this machine. */
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
  about: `Prints each engine, whether it is usable here, and its version; or what was found, what is needed
and the command that would make it usable. Each is tried on a tile of 16×16 pixels with the bundled
weights. "not run by us": nobody who made this version had the hardware or the library.

--engine auto takes the first of the first eight that is usable, decided once, before the first
tile: GPUs first, then processors. What is not installed or has no GPU to run on is passed over;
what is there and fails is told. A GPU is taken only where it restores a small tile as the processor
does. WebGPU adapters that compute in software are refused unless --adapter names them.`,
  options: {
    adapter: fileOptionTable.adapter,
    probe: {
      ...toggle(),
      common: true,
      help: `measure a tile of ${probeSide}×${probeSide} on each`,
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
