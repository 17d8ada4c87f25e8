/** Defines `deblur run`: computes a part of a planned run. */
import { invalid } from "../../check.ts";
import { type FileOptions, fileOptionTable } from "../../pipeline/options/file-options.ts";
import { type OptionRow, toggle } from "../../pipeline/options/option-table.ts";
import type { Shard } from "../../pipeline/shards/shard.ts";
import { type Command, helpRow, jsonRow } from "../command.ts";

interface RunFlags extends Pick<FileOptions, "inFlight" | "onTileError" | "timeout"> {
  readonly shard: Shard | undefined;
  readonly threads: number | undefined;
  readonly allowMixed: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly help: boolean;
}

const { threads, inFlight, onTileError, timeout } = fileOptionTable;

const shardRow: OptionRow<Shard | undefined> = {
  value: "I/N",
  common: true,
  default: undefined,
  otherwise: "all tiles",
  help: "the part and the number of parts: 1/4 to 4/4",
  check(name, value) {
    const [, index, of] = /^([1-9]\d{0,8})\/([1-9]\d{0,8})$/.exec(String(value)) ?? [];
    if (index === undefined || Number(index) > Number(of)) {
      throw invalid(name, "a part and the number of parts, such as 2/8,", value);
    }
    return { index: Number(index), of: Number(of) };
  },
};

export const allowMixedRow: OptionRow<boolean> = {
  ...toggle(),
  common: true,
  help: "accept tiles of other engines, versions or numbers of threads",
};

export const runCommand: Command<RunFlags> = {
  name: "run",
  operand: "run",
  usage: "deblur run RUN [options]",
  summary: "computes a part of a planned run",
  about: `Computes the tiles of a part that are missing in RUN. Parts may be computed in any order, at the
same time, and more than once; a part that was interrupted resumes. The engine and its threads are
those of the plan.`,
  options: {
    shard: shardRow,
    threads: { ...threads, default: undefined, otherwise: "as planned" },
    inFlight,
    onTileError,
    timeout,
    allowMixed: allowMixedRow,
    json: { ...jsonRow, help: "report progress as JSON, one object a line" },
    quiet: { ...toggle("q"), common: true, help: "print errors only" },
    help: helpRow,
  },
  async run({ operand, options }, { stdout, reporter, ...context }) {
    const { shard, allowMixed, threads, json, quiet, help, ...changed } = options;
    const { runShard } = await import("../../pipeline/shards/run-shard.ts");
    const result = await runShard(
      operand,
      {
        ...(shard && { shard }),
        allowMixed,
        options: { ...changed, ...(threads !== undefined && { threads }) },
      },
      {
        ...context,
        onStart: reporter.start,
        onProgress: reporter.tile,
        onNote: reporter.note,
      },
    );
    reporter.done(result);
  },
};
