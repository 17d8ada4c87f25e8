/** Defines `deblur submit`: adds a run to a queue, and waits for it. */
import { checkTogether } from "../../pipeline/options/complete-options.ts";
import { type FileOptions, fileOptionTable } from "../../pipeline/options/file-options.ts";
import { type OptionTable, path, toggle, upTo } from "../../pipeline/options/option-table.ts";
import type { QueueProgress } from "../../tools/queue/progress-facts.ts";
import { type Command, helpRow, jsonRow, outputRow } from "../command.ts";
import { type QueueFlags, queueNameRow, queueRow } from "./queue-rows.ts";

/** Options that are a worker's, or without meaning for a queue. */
type Unused = "noResume" | "kernels" | "sigma" | "pyramid";

interface SubmitFlags extends Omit<FileOptions, Unused>, QueueFlags {
  readonly output: string;
  readonly root: string;
  readonly priority: number;
  readonly partSize: number | undefined;
  readonly skipExisting: boolean;
  readonly wait: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly help: boolean;
}

const { noResume, kernels, sigma, pyramid, force, ...rows } = fileOptionTable;
const planned: OptionTable<Omit<FileOptions, Unused | "force">> = rows;

export const submitCommand: Command<SubmitFlags> = {
  name: "submit",
  operand: "picture",
  several: true,
  usage: "deblur submit IN -o OUT [options]",
  summary: "adds a run to a queue for workers on many machines",
  about: `Plans the run and adds its parts to a queue on Redis: ranges of tiles of a picture, the pictures of
a folder, or the segments of a video. deblur work does them, on any machine that sees the files. OUT
appears when it is complete. Submitting the same OUT again watches its run, or begins it anew after
a failure: finished tiles are kept. deblur help clusters has the details.`,
  options: {
    output: outputRow("the restored picture, folder or video", "OUT"),
    queue: queueRow,
    name: queueNameRow,
    root: {
      ...path("DIR"),
      common: true,
      default: ".",
      help: "the folder that holds IN and OUT, at any path on each worker",
    },
    wait: { ...toggle(), common: true, help: "wait for OUT, with one bar for all workers" },
    priority: {
      ...upTo(1, 1000),
      common: true,
      default: 100,
      help: "runs of a lower number are done first, 1 to 1000",
    },
    partSize: {
      ...upTo(1, Number.MAX_SAFE_INTEGER),
      common: true,
      default: undefined,
      otherwise: "for two minutes",
      help: "tiles of a range, or fewest frames of a segment",
    },
    force,
    skipExisting: { ...toggle(), common: true, help: "of a folder: skip pictures that exist" },
    ...planned,
    json: { ...jsonRow, help: "report progress as JSON, one object a line" },
    quiet: { ...toggle("q"), common: true, help: "print errors only" },
    help: helpRow,
  },
  check(options, nameOf) {
    checkTogether(options, nameOf);
  },
  async run({ operands, options }, { reporter, stdout: _, signal, ...context }) {
    const { output, wait, json, quiet, help, ...submitted } = options;
    const { submitRun } = await import("../../tools/queue/submit-run.ts");
    const run = await submitRun(operands, output, submitted, {
      ...context,
      signal,
      onNote: reporter.note,
    });
    reporter.queue.start(run);
    if (!wait) return;
    try {
      const { watchRun } = await import("../../tools/queue/watch-run.ts");
      const onProgress = (progress: QueueProgress) => reporter.queue.progress(progress);
      await watchRun(run, { signal, onProgress });
    } catch (error) {
      const next = `deblur queue wait ${run.id} --name ${run.name}`;
      if (signal.aborted) reporter.note(`the run continues in the queue: ${next}`);
      throw error;
    }
    reporter.queue.done(run);
  },
};
