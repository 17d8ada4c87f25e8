/** Defines `deblur run`: computes a part of a planned run. */
import { invalid } from "../../check.ts";
import { OptionError } from "../../errors.ts";
import type { NameOf } from "../../pipeline/options/complete-options.ts";
import { type FileOptions, fileOptionTable } from "../../pipeline/options/file-options.ts";
import { flagOf, type OptionRow, path, toggle } from "../../pipeline/options/option-table.ts";
import type { Shard } from "../../pipeline/shards/shard.ts";
import { type Command, helpRow, jsonRow } from "../command.ts";

interface RunFlags extends Pick<FileOptions, "inFlight" | "onTileError" | "timeout"> {
  readonly shard: Shard | undefined;
  readonly fromZero: boolean;
  readonly input: string | undefined;
  readonly threads: number;
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
    const [, index, of] = /^(0|[1-9]\d{0,8})\/([1-9]\d{0,8})$/.exec(String(value)) ?? [];
    if (index === undefined) {
      throw invalid(name, "a part and the number of parts, such as 2/8,", value);
    }
    return { index: Number(index), of: Number(of) };
  },
};

/** The shard counted from 1. @throws OptionError where the division has no such part */
function counted({ shard, fromZero }: Pick<RunFlags, "shard" | "fromZero">, nameOf: NameOf) {
  if (shard === undefined) {
    if (!fromZero) return undefined;
    throw new OptionError(`Expected ${nameOf("shard")} with ${nameOf("fromZero")}`);
  }
  const first = fromZero ? 0 : 1;
  const { index, of } = shard;
  if (index >= first && index < first + of) return { index: index + 1 - first, of };
  const [low, high] = [`${first}/${of}`, `${of - 1 + first}/${of}`];
  const hint = fromZero ? "" : `; ${nameOf("fromZero")} counts from 0`;
  throw new OptionError(
    `Expected a part from ${low} to ${high} for ${nameOf("shard")} but received ${index}/${of}${hint}`,
  );
}

export const allowMixedRow: OptionRow<boolean> = {
  ...toggle(),
  common: true,
  help: "accept tiles of other engines or versions",
};

export const inputRow: OptionRow<string | undefined> = {
  ...path(),
  default: undefined,
  otherwise: "as planned",
  help: "where the picture is on this machine, such as a copy",
};

export const runCommand: Command<RunFlags> = {
  name: "run",
  operand: "run",
  usage: "deblur run RUN [options]",
  summary: "computes a part of a planned run",
  about: `Computes the tiles of a part that are missing in RUN. Parts may be computed in any order, at the
same time, and more than once; a part that was interrupted resumes. The engine is that of the plan,
the threads are this machine's.`,
  options: {
    shard: shardRow,
    fromZero: {
      ...toggle(),
      common: true,
      help: "parts count from 0, as indexed jobs do: 0/4 to 3/4",
    },
    input: inputRow,
    threads,
    inFlight,
    onTileError,
    timeout,
    allowMixed: allowMixedRow,
    json: { ...jsonRow, help: "report progress as JSON, one object a line" },
    quiet: { ...toggle("q"), common: true, help: "print errors only" },
    help: helpRow,
  },
  check: (options, nameOf) => void counted(options, nameOf),
  async run({ operand, options }, { stdout, reporter, ...context }) {
    const { allowMixed, json, quiet, help, shard: _, fromZero, input, ...changed } = options;
    const shard = counted(options, flagOf);
    const { runShard } = await import("../../pipeline/shards/run-shard.ts");
    const result = await runShard(
      operand,
      {
        ...(shard && { shard }),
        ...(input !== undefined && { input }),
        allowMixed,
        options: changed,
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
