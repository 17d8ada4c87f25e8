/** Defines `deblur work`: a worker of a queue. */
import { fileOptionTable } from "../../pipeline/options/file-options.ts";
import { path, toggle, upTo } from "../../pipeline/options/option-table.ts";
import { type Command, helpRow, jsonRow } from "../command.ts";
import { type QueueFlags, queueNameRow, queueRow } from "./queue-rows.ts";

interface WorkFlags extends QueueFlags {
  readonly root: string;
  readonly concurrency: number;
  readonly threads: number;
  readonly memory: number | undefined;
  readonly lock: number;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly help: boolean;
}

export const workCommand: Command<WorkFlags> = {
  name: "work",
  operand: undefined,
  usage: "deblur work [options]",
  summary: "does the jobs of a queue",
  about: `Does jobs of a queue until it is stopped. All files of the jobs are below --root; a job with a path
that leaves it, also by a link, fails. The first SIGTERM or SIGINT finishes the tiles in flight and
gives the jobs back, the second ends at once. Jobs of a worker that disappears are done by another.
A worker whose disk is full, or that lacks the engine, gives its job back and ends.`,
  options: {
    queue: queueRow,
    name: queueNameRow,
    root: {
      ...path("DIR"),
      common: true,
      required: true,
      help: "the folder that holds all files of the jobs",
    },
    concurrency: { ...upTo(1, 1000), common: true, default: 1, help: "jobs at a time" },
    threads: { ...fileOptionTable.threads, common: true },
    memory: {
      ...fileOptionTable.memory,
      otherwise: "as the tiles need",
      help: "most memory of the worker, such as 800M, 2G or 2GiB",
    },
    lock: {
      ...upTo(1, 3600),
      value: "SECONDS",
      default: 30,
      help: "a worker silent for so long loses its job to another",
    },
    json: { ...jsonRow, help: "report jobs as JSON, one object a line" },
    quiet: { ...toggle("q"), common: true, help: "print errors only" },
    help: helpRow,
  },
  async run({ options }, { reporter, stdout: _, ...context }) {
    const { json, quiet, help, ...worker } = options;
    const { openWorker } = await import("../../tools/queue/open-worker.ts");
    const { ended } = await openWorker(worker, { ...context, onNote: reporter.note });
    reporter.note(`waiting for jobs in queue ${worker.name}`);
    await ended;
  },
};
