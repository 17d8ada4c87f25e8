/** Words a job for messages. */
import type { QueueJob } from "./job-data.ts";

/** "tiles 12 to 23 of map.tif", "picture a/b.jpg". */
export function partWords(job: QueueJob): string {
  switch (job.kind) {
    case "range": {
      const { start, end, input } = job;
      return end - start === 1
        ? `tile ${start} of ${input}`
        : `tiles ${start} to ${end - 1} of ${input}`;
    }
    case "picture":
      return `picture ${job.input}`;
    case "segment":
      return `${job.frames} frames from ${job.from.toFixed(3)} s of ${job.input}`;
    case "assembly":
      return `assembly of ${job.output}`;
    case "join":
      return `joining ${job.output}`;
    case "folder":
      return `folder ${job.output}`;
  }
}
