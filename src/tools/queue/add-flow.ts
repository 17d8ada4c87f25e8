/** Adds the jobs of a run to a queue: its parts, and as their parent the job that ends the run. */
import { randomUUID } from "node:crypto";
import type { FlowJob, JobsOptions } from "bullmq";
import { type EndJob, type PartJob, stored } from "./job-data.ts";
import type { OpenQueue } from "./open-queue.ts";

/** The jobs of a run. */
export interface RunJobs {
  readonly id: string;
  readonly end: EndJob;
  readonly parts: readonly PartJob[];
  /** 1 to 1000; lower is sooner. */
  readonly priority: number;
}

/** An attempt fails, and the part is tried again; after the third the part fails, and with it the run. */
const attempts = 3;
/** Seconds that finished jobs are kept: runs to be seen, parts for their measured times. */
const keep = { run: 7 * 24 * 3600, part: 24 * 3600 };
/** Finished parts that are kept. */
const mostKept = 500;

const options: JobsOptions = { attempts, backoff: { type: "exponential", delay: 1000 } };
/** 70 s in all: a client of NFS may see a new tile only after a minute. */
const endOptions: JobsOptions = { attempts: 4, backoff: { type: "exponential", delay: 10_000 } };

/**
 * Adds a run. The end waits for all parts, those that fail included: one bad picture, or one bad range, stops no other.
 */
export async function addFlow(
  { bullmq, redis, queue }: OpenQueue,
  { id, end, parts, priority }: RunJobs,
): Promise<void> {
  const nonce = randomUUID().slice(0, 8);
  const flow: FlowJob = {
    ...{ name: end.kind, queueName: queue.name, data: stored(end) },
    opts: {
      ...{ ...endOptions, jobId: id, priority: 2 * priority },
      ...{ removeOnComplete: { age: keep.run }, removeOnFail: { age: 4 * keep.run } },
    },
    children: parts.map((part, i) => ({
      ...{ name: part.kind, queueName: queue.name, data: stored(part) },
      opts: {
        ...options,
        // Those of an earlier attempt at the run may still be there.
        ...{ jobId: `${id}.${nonce}.${i}`, priority: 2 * priority + 1 },
        ignoreDependencyOnFailure: true,
        removeOnComplete: { age: keep.part, count: mostKept },
        removeOnFail: { age: 4 * keep.run },
      },
    })),
  };
  const producer = new bullmq.FlowProducer({ connection: redis });
  producer.on("error", () => {});
  try {
    await producer.add(flow);
  } finally {
    await producer.close();
  }
}
