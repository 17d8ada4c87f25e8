/** Lists the options that the commands of a queue share. */
import { type OptionRow, word } from "../../pipeline/options/option-table.ts";
import {
  checkQueueName,
  queueVariables,
  readQueueAddress,
} from "../../tools/queue/queue-address.ts";

/** Where a queue is. */
export interface QueueFlags {
  readonly queue: string | undefined;
  readonly name: string;
}

export const queueRow: OptionRow<string | undefined> = {
  ...word("URL"),
  common: true,
  default: undefined,
  otherwise: queueVariables.url,
  help: "Redis: redis://HOST[:PORT][/DB], or rediss:// encrypted",
  check(name, value) {
    if (typeof value === "string") readQueueAddress(value, process.env, name);
    return value as string | undefined;
  },
};

export const queueNameRow: OptionRow<string> = {
  ...word("NAME"),
  common: true,
  default: "deblur",
  help: "name of the queue",
  check: checkQueueName,
};
