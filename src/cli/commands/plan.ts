/** Defines `deblur plan`: plans a run for several processes. */

import { checkTogether } from "../../pipeline/options/complete-options.ts";
import { type FileOptions, fileOptionTable } from "../../pipeline/options/file-options.ts";
import type { OptionTable } from "../../pipeline/options/option-table.ts";
import { counted } from "../../text/words.ts";
import { type Command, helpRow, jsonLine, jsonRow, outputRow } from "../command.ts";

/** Options without meaning for a planned run: it replaces nothing, and no process sees all tiles. */
type Unused = "noResume" | "force" | "kernels" | "sigma";

interface PlanFlags extends Omit<FileOptions, Unused> {
  readonly output: string;
  readonly json: boolean;
  readonly help: boolean;
}

const { noResume, force, kernels, sigma, ...rows } = fileOptionTable;
const planned: OptionTable<Omit<FileOptions, Unused>> = rows;

export const planCommand: Command<PlanFlags> = {
  name: "plan",
  operand: "picture",
  usage: "deblur plan IN -o RUN [options]",
  summary: "plans a run for several processes or machines",
  about: `Writes the plan of a run into the folder RUN, without restoring anything. Each deblur run RUN
--shard i/n then computes a part, in any order, on any machine where RUN and IN have the same paths.
deblur assemble RUN -o OUT makes the picture, with the same bytes as one process.`,
  options: {
    output: outputRow("the folder of the run", "RUN"),
    ...planned,
    json: jsonRow,
    help: helpRow,
  },
  check(options, nameOf) {
    checkTogether(options, nameOf);
  },
  async run({ operand, options }, { stdout, reporter, ...context }) {
    const { output, json, help, ...image } = options;
    const { planRun } = await import("../../pipeline/shards/plan-run.ts");
    const { run, width, height, channels, scale, tiles } = await planRun(operand, output, image, {
      ...context,
      onNote: reporter.note,
    });
    stdout.write(
      json
        ? jsonLine({ run, width, height, channels, scale, tiles })
        : `${run}: ${counted(tiles, "tile")}${scale === 1 ? "" : ` at scale ${scale}`}; next deblur run ${run} --shard 1/N and so on, then deblur assemble ${run} -o OUT\n`,
    );
  },
};
