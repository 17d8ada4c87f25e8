/** Opens a queue on a Redis server. */
import type { Queue } from "bullmq";
import { connect, type QueueConnection } from "./connect.ts";
import { checkQueueName, readQueueAddress } from "./queue-address.ts";
import type { QueueRun } from "./queue-run.ts";

/** An open queue and its connection. */
export interface OpenQueue extends Omit<QueueConnection, "close"> {
  readonly queue: Queue;
  close(): Promise<void>;
}

/** @throws OptionError for a wrong address or name; UnavailableError if Redis does not answer */
export async function openQueue({
  queue: url,
  name = "deblur",
}: {
  readonly queue?: string | undefined;
  readonly name?: string | undefined;
}): Promise<OpenQueue> {
  const checked = checkQueueName("name", name);
  const { bullmq, redis, close } = await connect(readQueueAddress(url));
  const queue = new bullmq.Queue(checked, { connection: redis });
  // The connection reports its own errors.
  queue.on("error", () => {});
  return {
    ...{ bullmq, redis, queue },
    async close() {
      await queue.close();
      await close();
    },
  };
}

/** Lets `use` have an open queue, and closes it. @throws as `openQueue` and `use` */
export async function withQueue<T>(
  run: Omit<QueueRun, "id" | "name"> & { readonly name?: string | undefined },
  use: (open: OpenQueue) => Promise<T>,
): Promise<T> {
  const open = await openQueue(run);
  try {
    return await use(open);
  } finally {
    await open.close();
  }
}
