/** Starts Redis, workers and submissions for the measurements of the queue. Plain JavaScript: they run on Node 20. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import sharp from "sharp";

const command = fileURLToPath(new URL("../../dist/bin/deblur.js", import.meta.url));
const planted = fileURLToPath(new URL("../helpers/planted-deblur.js", import.meta.url));

/** A folder that is removed at the end of the process. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "deblur-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Redis with an append-only file, on a free port, or in `host` by the words before its program. */
export async function startRedis(folder, { host = "127.0.0.1", before = [] } = {}) {
  const port = await freePort();
  const [program, ...words] = [...before, "redis-server"];
  let server;
  const start = async () => {
    const own = ["--port", port, "--bind", host, "--protected-mode", "no", "--dir", folder];
    const kept = ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"];
    server = spawn(program, [...words, ...own, ...kept].map(String), { stdio: "ignore" });
    for (;;) {
      await wait(50);
      const client = new Redis(port, host, { lazyConnect: true, retryStrategy: () => null });
      client.on("error", () => {});
      const ready = await client.connect().then(
        () => client.ping(),
        () => undefined,
      );
      client.disconnect();
      if (ready) return;
    }
  };
  const kill = async (signal) => {
    const closed = new Promise((resolve) => server.once("close", resolve));
    server.kill(signal);
    await closed;
  };
  await start();
  return {
    ...{ port, host, url: `redis://${host}:${port}` },
    async restart(after) {
      await kill("SIGKILL");
      await wait(after);
      await start();
    },
    stop: () => kill("SIGTERM"),
  };
}

/**
 * `deblur WORDS` in a process of its own. `fault` plants an engine; `before` are words before the program, such as
 * those of a network namespace.
 */
export function deblur(words, { cwd, env = {}, fault, before = [] }) {
  const script = fault === undefined ? [command] : [planted, fault];
  const [program, ...rest] = [...before, process.execPath, ...script, ...words.map(String)];
  const began = performance.now();
  const child = spawn(program, rest, { cwd, env: { ...process.env, ...env } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
    });
  }
  const ended = new Promise((resolve) =>
    child.once("close", (code) =>
      resolve({ code, output, seconds: (performance.now() - began) / 1000 }),
    ),
  );
  return { child, ended, output: () => output };
}

/** A picture of noise; 336×208 has 60 tiles of 64 with halo 16. */
export async function makePicture(path, { width = 336, height = 208 } = {}) {
  let state = 1;
  const pixels = Buffer.alloc(width * height * 3);
  for (let i = 0; i < pixels.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    pixels[i] = state >>> 24;
  }
  await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(path);
}

/** CPU seconds and resident megabytes of a process that runs. */
export function usage(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  const resident = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  return { cpu: (Number(stat[11]) + Number(stat[12])) / 100, mb: (resident * 4096) / 1e6 };
}

/** Runs to its end; its CPU seconds as last seen, at most a tenth of a second too few. */
export async function measured(run) {
  let cpu = 0;
  const timer = setInterval(() => {
    try {
      cpu = usage(run.child.pid).cpu;
    } catch {}
  }, 100);
  const ended = await run.ended;
  clearInterval(timer);
  if (ended.code !== 0) throw new Error(ended.output);
  return { seconds: ended.seconds, cpu };
}

export { wait };
