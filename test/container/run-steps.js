/**
 * Does the steps of the Dockerfile without Docker: those of its first stage in a clean copy of the clone, then the
 * copies of its last stage. The command is started there as the image starts it, with Redis where it is installed.
 *
 *     node test/container/run-steps.js        # needs the npm registry, as npm ci does
 */
import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "deblur-container-"));
const ignored = readFileSync(join(root, ".dockerignore"), "utf8").split("\n").filter(Boolean);
const isIgnored = (path) => ignored.some((one) => path === one || path.startsWith(`${one}/`));
const text = readFileSync(join(root, "Dockerfile"), "utf8").replaceAll("\\\n", "");
const [, build = "", last = ""] = text.split(/^FROM .*$/m);
const env = { ...process.env };
for (const [, name, value] of build.matchAll(/^ENV (\w+)=(\S+)$/gm)) env[name] = value;

function run(program, words, options = {}) {
  execFileSync(program, words, { stdio: "inherit", ...options });
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

try {
  const files = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" });
  for (const path of files.split("\0").filter((it) => it !== "" && !isIgnored(it))) {
    const to = join(folder, "build", path);
    mkdirSync(dirname(to), { recursive: true });
    if (existsSync(join(root, path))) cpSync(join(root, path), to);
  }
  for (const [, step] of build.matchAll(/^RUN (.*)$/gm)) {
    console.log(`RUN ${step}`);
    run("sh", ["-c", step], { cwd: join(folder, "build"), env });
  }
  for (const [, from, to] of last.matchAll(/^COPY --from=build \/build\/(\S+) \.\/(\S+)$/gm)) {
    cpSync(join(folder, "build", from), join(folder, "app", to), { recursive: true });
  }
  // Nothing may come from the first stage.
  rmSync(join(folder, "build"), { recursive: true });
  const [, link] = /^RUN ln -s \/app\/(\S+) \/usr\/local\/bin\/deblur$/m.exec(last);
  const deblur = join(folder, "app", link);
  const data = join(folder, "data");
  mkdirSync(data);
  cpSync(join(root, "examples/street.png"), join(data, "in.png"));
  run(deblur, ["in.png", "-o", "one.png", "--tile", "256", "-q"], { cwd: data });

  const port = await freePort();
  const redis = spawn("redis-server", ["--port", port, "--bind", "127.0.0.1", "--save", ""]);
  await new Promise((resolve, reject) => redis.once("spawn", resolve).once("error", reject));
  const queue = { cwd: data, env: { ...process.env, DEBLUR_QUEUE: `redis://127.0.0.1:${port}` } };
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const worker = spawn(deblur, ["work", "--root", data], { stdio: "inherit", ...queue });
  try {
    run(deblur, ["submit", "in.png", "-o", "two.png", "--tile", "256", "--wait"], queue);
  } finally {
    worker.kill("SIGTERM");
    await new Promise((resolve) => worker.once("close", resolve));
    redis.kill("SIGTERM");
  }
  const [one, two] = ["one.png", "two.png"].map((name) => readFileSync(join(data, name)));
  if (!one.equals(two)) throw new Error("the bytes of the queue differ");
  console.log("the steps of the Dockerfile make a command that works, alone and as a worker");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
