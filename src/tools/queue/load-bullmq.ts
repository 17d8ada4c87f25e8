/** Loads BullMQ and ioredis, which a user installs to use the queue. */
import { UnavailableError } from "../../errors.ts";

/** The versions that are tested. */
const wanted = { bullmq: "6.7.0", ioredis: "6.0.0" } as const;

/** Both packages. */
export interface QueuePackages {
  readonly bullmq: typeof import("bullmq");
  readonly Redis: typeof import("ioredis").Redis;
}

/** @throws UnavailableError with the command that installs what is missing */
export async function loadBullmq(): Promise<QueuePackages> {
  try {
    const [bullmq, { Redis }] = await Promise.all([import("bullmq"), import("ioredis")]);
    return { bullmq, Redis };
  } catch (cause) {
    const packages = Object.entries(wanted).map(([name, version]) => `${name}@${version}`);
    throw new UnavailableError(
      `Expected the packages bullmq and ioredis for a queue but they cannot be loaded; npm install ${packages.join(" ")}`,
      { cause },
    );
  }
}
