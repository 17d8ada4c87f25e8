/** Defines `deblur queue`: lists the runs of a queue, retries and removes them. */
import { OptionError } from "../../errors.ts";
import { nearest } from "../../text/nearest.ts";
import type { QueueProgress } from "../../tools/queue/progress-facts.ts";
import { type Command, helpRow, jsonLine, jsonRow } from "../command.ts";
import { type QueueFlags, queueNameRow, queueRow } from "./queue-rows.ts";

interface QueueCommandFlags extends QueueFlags {
  readonly json: boolean;
  readonly help: boolean;
}

const actions = ["status", "wait", "retry", "drain"] as const;

export const queueCommand: Command<QueueCommandFlags> = {
  name: "queue",
  operand: "action",
  several: true,
  usage: "deblur queue status|wait|retry|drain [RUN] [options]",
  summary: "lists, awaits, retries or removes runs of a queue",
  about: `status  lists runs: state, parts, tiles, workers, and why parts failed
wait    waits for RUN, with one bar for all workers, and ends with its exit code
retry   tries the failed parts of RUN, or of all runs, again; finished ones stay
drain   removes RUN, or all unfinished runs; finished tiles stay in the run's folder, and submitting
        the run again uses them`,
  options: { queue: queueRow, name: queueNameRow, json: jsonRow, help: helpRow },
  async run({ operands: [action = "", id, extra], options }, { stdout, reporter, signal }) {
    const { queue, name, json } = options;
    const known = actions.find((one) => one === action);
    if (known === undefined || extra !== undefined) {
      const meant = nearest(action, actions);
      const hint = extra === undefined && meant !== undefined ? `: did you mean ${meant}?` : "";
      throw new OptionError(
        `Expected ${actions.join(", ")} and at most one run but received ${JSON.stringify(extra ?? action)}${hint}`,
      );
    }
    const { drainRuns, queueStatus, retryRuns } = await import("../../tools/queue/manage-queue.ts");
    const choice = { queue, name, id };
    if (known === "wait") {
      if (id === undefined) throw new OptionError("Expected the run to wait for but received none");
      const { watchRun } = await import("../../tools/queue/watch-run.ts");
      const onProgress = (progress: QueueProgress) => reporter.queue.progress(progress);
      await watchRun({ queue, name, id }, { signal, onProgress });
      return;
    }
    if (known === "status") {
      const runs = await queueStatus(choice);
      const lines = runs.length === 0 ? "no runs\n" : runs.map(statusLines).join("");
      stdout.write(json ? jsonLine({ runs }) : lines);
      return;
    }
    const runs = await { retry: retryRuns, drain: drainRuns }[known](choice);
    const what = runs.length === 0 ? "nothing to do" : runs.join(", ");
    stdout.write(json ? jsonLine({ [known]: runs }) : `${known}: ${what}\n`);
  },
};

/** A run in one line, and a line for each failed part. */
function statusLines(run: QueueProgress): string {
  const { id, state, parts, partsDone, partsFailed, items, itemsDone, working, workers } = run;
  const failed = partsFailed === 0 ? "" : `, ${partsFailed} failed`;
  const head = `${id}  ${state}  ${partsDone}/${parts} parts${failed}  ${itemsDone}/${items} done  ${working} jobs on ${workers} workers`;
  const reasons = run.failure === undefined ? run.problems : [run.failure, ...run.problems];
  return [head, ...reasons.map(({ message }) => `  ${message}`)].map((one) => `${one}\n`).join("");
}
