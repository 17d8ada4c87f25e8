/** `deblur assemble`: the picture of a planned run. */
import { toggle } from "../../pipeline/options/option-table.ts";
import { type Command, forceRow, helpRow, jsonRow, outputRow } from "../command.ts";
import { allowMixedRow } from "./run.ts";

interface AssembleFlags {
  readonly output: string;
  readonly allowMixed: boolean;
  readonly force: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly help: boolean;
}

export const assembleCommand: Command<AssembleFlags> = {
  name: "assemble",
  operand: "run",
  usage: "deblur assemble RUN -o OUT [options]",
  summary: "makes the picture of a planned run",
  about: `Checks that every tile of RUN is there and whole, names those that are not and their shards, and
makes OUT of them, with the options of the plan. RUN stays as it is.`,
  options: {
    output: outputRow("where the restored picture goes", "OUT"),
    allowMixed: allowMixedRow,
    force: forceRow,
    json: { ...jsonRow, help: "what came of it as JSON" },
    quiet: { ...toggle("q"), common: true, help: "say nothing but errors" },
    help: helpRow,
  },
  async run({ operand, options }, { stdout, reporter, ...context }) {
    const { output, force, allowMixed } = options;
    const { assembleRun } = await import("../../pipeline/shards/assemble-run.ts");
    const listening = { ...context, onNote: reporter.note };
    reporter.done(await assembleRun(operand, output, { force, allowMixed }, listening));
  },
};
