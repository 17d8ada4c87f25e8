/** Connects to Redis. The first attempt fails at once; a connection that is lost later is made again, for ever. */
import type { Redis } from "ioredis";
import { UnavailableError } from "../../errors.ts";
import { oneLine } from "../../text/describe-error.ts";
import { loadBullmq, type QueuePackages } from "./load-bullmq.ts";
import type { QueueAddress } from "./queue-address.ts";

/** An open connection; the caller closes it. */
export interface QueueConnection {
  readonly bullmq: QueuePackages["bullmq"];
  readonly redis: Redis;
  close(): Promise<void>;
}

/** Milliseconds. A server that is silent for so long while commands wait is connected to anew. */
const silent = 30_000;
const patience = 10_000;

/** Called once when the connection is lost, and once when it is back. */
export type OnConnection = (state: "lost" | "back", problem: string) => void;

/** @throws UnavailableError if the packages are missing, no Redis answers, or it refuses user or password */
export async function connect(
  address: QueueAddress,
  onConnection: OnConnection = () => {},
): Promise<QueueConnection> {
  const { bullmq, Redis } = await loadBullmq();
  const { host, port, db, username, password, tls, shown } = address;
  let isOpen = false;
  const redis = new Redis({
    ...{ host, port, db, lazyConnect: true },
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: { servername: host } }),
    // Commands wait for the connection, as BullMQ needs.
    maxRetriesPerRequest: null,
    connectTimeout: patience,
    socketTimeout: silent,
    keepAlive: patience,
    // A process that ends waits for this.
    disconnectTimeout: 250,
    retryStrategy: (times) => (isOpen ? Math.min(250 * times, 3000) : null),
  });
  let problem: unknown;
  let lost = false;
  redis.on("error", (error) => {
    problem = error;
  });
  redis.on("close", () => {
    if (!isOpen || lost) return;
    lost = true;
    onConnection("lost", wordsOf(problem, address));
  });
  redis.on("ready", () => {
    if (lost) onConnection("back", "");
    lost = false;
  });
  try {
    await redis.connect();
    await redis.ping();
    isOpen = true;
  } catch (error) {
    redis.disconnect();
    // ioredis rejects with "Connection is closed"; the reason is in its last event.
    const cause = problem ?? error;
    const words = wordsOf(cause, address);
    const refused = /WRONGPASS|NOAUTH|NOPERM|AUTH/.test(words);
    const what = refused ? "Redis refuses the user or password" : "no Redis answers";
    throw new UnavailableError(`${shown}: ${what} (${words})`, { cause });
  }
  return {
    bullmq,
    redis,
    async close() {
      isOpen = false;
      // A server that is away cannot take leave.
      if (redis.status === "ready") await redis.quit().catch(() => redis.disconnect());
      else redis.disconnect();
    },
  };
}

function wordsOf(error: unknown, { password }: QueueAddress): string {
  if (error === undefined) return "connection closed";
  const text = oneLine(error instanceof Error ? error.message || error.name : String(error));
  const code =
    error instanceof AggregateError ? (error.errors[0] as Error | undefined)?.message : "";
  const words = code || text;
  return password === undefined ? words : words.replaceAll(password, "…");
}
