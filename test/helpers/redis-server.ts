/** Starts Redis on a free port of 127.0.0.1, in a folder of its own, and workers of a queue on it. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Redis } from "ioredis";
import { inPath, needs } from "./needs.ts";
import { planted } from "./run-deblur.ts";

export const withRedis = needs("redis-server in PATH", inPath("redis-server"));

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Kills it and starts it again after so many milliseconds; its append-only file has what it held. */
  restart(after?: number): Promise<void>;
  /** Sends it commands. */
  command(name: string, ...words: string[]): Promise<unknown>;
  stop(): Promise<void>;
}

/** Redis with an append-only file; `words` are more of its options. */
export async function startRedis(...words: string[]): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), "deblur-redis-"));
  const port = await freePort();
  const password = words[words.indexOf("--requirepass") + 1];
  const options = { port, ...(words.includes("--requirepass") && { password }) };
  let server: ChildProcess;
  const start = async (): Promise<void> => {
    const own = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""];
    const kept = ["--appendonly", "yes", "--appendfsync", "always"];
    server = spawn("redis-server", [...own, ...kept, ...words], { stdio: "ignore" });
    for (let tries = 0; ; tries++) {
      const client = new Redis({ ...options, lazyConnect: true, retryStrategy: () => null });
      client.on("error", () => {});
      try {
        await client.connect();
        await client.ping();
        return;
      } catch (error) {
        if (tries === 200) throw error;
        await wait(50);
      } finally {
        client.disconnect();
      }
    }
  };
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    const closed = new Promise((resolve) => server.once("close", resolve));
    server.kill(signal);
    await closed;
  };
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    async restart(after = 0) {
      await kill("SIGKILL");
      await wait(after);
      await start();
    },
    async command(name, ...rest) {
      const client = new Redis(options);
      try {
        return await client.call(name, ...rest);
      } finally {
        client.disconnect();
      }
    },
    async stop() {
      await kill("SIGTERM");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A port of 127.0.0.1 that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface WorkerProcess {
  readonly child: ChildProcess;
  /** What it has written so far. */
  output(): string;
  /** Resolves with its exit code; null: killed. */
  readonly ended: Promise<number | null>;
}

/** `deblur work` in a process of its own, with a planted engine. */
export function startWorker(
  words: readonly string[],
  {
    cwd,
    env = {},
    fault = "changing",
  }: { cwd: string; env?: Record<string, string>; fault?: string },
): WorkerProcess {
  const child = spawn(process.execPath, [planted, fault, "work", ...words], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      text += chunk;
    });
  }
  const ended = new Promise<number | null>((resolve) =>
    child.once("close", (code) => resolve(code)),
  );
  return { child, output: () => text, ended };
}

/** Resolves when `is` gives true. @throws after `seconds` */
export async function until(
  is: () => boolean | Promise<boolean>,
  what: string,
  seconds = 30,
): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await is())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await wait(50);
  }
}
