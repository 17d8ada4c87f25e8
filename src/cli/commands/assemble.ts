/** Defines `deblur assemble`: makes the image of a planned run. */
import { toggle } from "../../pipeline/options/option-table.ts";
import { type Command, forceRow, helpRow, jsonRow, outputRow } from "../command.ts";
import { allowMixedRow, inputRow } from "./run.ts";

interface AssembleFlags {
  readonly output: string;
  readonly input: string | undefined;
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
  about: `Checks every tile of RUN, names missing and damaged ones with their shards, and makes OUT with the
options of the plan. RUN is not changed.`,
  options: {
    output: outputRow("the restored picture", "OUT"),
    input: inputRow,
    allowMixed: allowMixedRow,
    force: forceRow,
    json: { ...jsonRow, help: "print the result as JSON" },
    quiet: { ...toggle("q"), common: true, help: "print errors only" },
    help: helpRow,
  },
  async run({ operand, options }, { stdout, reporter, ...context }) {
    const { output, input, force, allowMixed } = options;
    const assembling = { force, allowMixed, ...(input !== undefined && { input }) };
    const { assembleRun } = await import("../../pipeline/shards/assemble-run.ts");
    const reporting = { ...context, onNote: reporter.note };
    reporter.done(await assembleRun(operand, output, assembling, reporting));
  },
};
