/**
 * The cost of the queue. Two workers of one thread against one process of two, in turn, on the same picture: `costly`
 * is the engine `copy` with a wait for each tile (half as long in the one process), `lite` the bundled net. `ranges`
 * does 10,000 ranges of one tile.
 *
 *     node test/bench/queue-overhead.js costly|lite [pairs]
 *     node test/bench/queue-overhead.js ranges [number]
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import {
  deblur,
  makePicture,
  measured,
  startRedis,
  temporaryFolder,
  usage,
  wait,
} from "./queue-tools.js";

const [what = "costly", count] = process.argv.slice(2);
const folder = temporaryFolder();
const redis = await startRedis(folder);
const client = new Redis(redis.port);
const base = { cwd: folder, env: { DEBLUR_QUEUE: redis.url } };

const work = (options) => deblur(["work", "--root", ".", "--threads", 1], { ...base, ...options });
const stop = async (workers) => {
  for (const { child, ended } of workers) {
    child.kill("SIGTERM");
    await ended;
  }
};
const one = (value) => value.toFixed(1);

async function overhead() {
  const costly = what === "costly";
  const [width, height] = costly ? [1600, 1200] : [1792, 1344];
  await makePicture(join(folder, "in.png"), { width, height });
  const options = costly ? ["--tile", 128, "--halo", 16] : [];
  const engine = (ms) =>
    costly ? { fault: "changing", env: { ...base.env, TILE_MS: String(ms) } } : {};
  const workers = [work(engine(400)), work(engine(400))];
  const pairs = [];
  for (let i = 0; i < Number(count ?? 3); i++) {
    const single = ["in.png", "-o", `one-${i}.tif`, "--threads", 2, ...options, "-q"];
    const alone = await measured(deblur(single, { ...base, ...engine(200) }));
    const before = workers.map(({ child }) => usage(child.pid).cpu);
    const submit = ["submit", "in.png", "-o", `two-${i}.tif`, "--threads", 2, "--wait", ...options];
    const queued = await measured(deblur(submit, { ...base, ...engine(200) }));
    const after = workers.map(({ child }) => usage(child.pid).cpu);
    const cpu = queued.cpu + after.reduce((sum, value, j) => sum + value - before[j], 0);
    const [a, b] = ["one", "two"].map((name) => readFileSync(join(folder, `${name}-${i}.tif`)));
    const ratio = queued.seconds / alone.seconds;
    pairs.push(ratio);
    console.log(
      `${what}: one process ${one(alone.seconds)} s, CPU ${one(alone.cpu)} s; queue ${one(queued.seconds)} s, CPU ${one(cpu)} s; ratio ${ratio.toFixed(3)}; bytes ${a.equals(b) ? "equal" : "DIFFER"}`,
    );
  }
  const median = pairs.toSorted((x, y) => x - y)[Math.floor(pairs.length / 2)];
  console.log(`median ratio ${median.toFixed(3)} of ${pairs.length} pairs`);
  await stop(workers);
}

async function ranges() {
  const side = Math.round(Math.sqrt(Number(count ?? 10_000)));
  const tiles = side * side;
  await makePicture(join(folder, "in.png"), { width: 32 * side, height: 32 * side });
  const info = async () => /used_memory:(\d+)/.exec(await client.info("memory"))[1] / 1e6;
  const idle = await info();
  const options = ["--engine", "copy", "--tile", 32, "--halo", 0, "--part-size", 1];
  const {
    seconds: submitting,
    code,
    output,
  } = await deblur(["submit", "in.png", "-o", "out.tif", ...options], base).ended;
  if (code !== 0) throw new Error(output);
  const queued = await info();
  console.log(
    `${tiles} ranges: submitted in ${one(submitting)} s; Redis ${one(idle)} MB, then ${one(queued)} MB`,
  );
  const workers = [work({}), work({})];
  const began = performance.now();
  const id = /^(\S+): /m.exec(output)[1];
  const watching = deblur(["queue", "wait", id], base);
  let tenth = 0;
  while (watching.child.exitCode === null) {
    const processed = await client.hlen(`bull:deblur:${id}:processed`);
    if (Math.floor((10 * processed) / tiles) > tenth) {
      tenth = Math.floor((10 * processed) / tiles);
      const each = workers.map(({ child }) => usage(child.pid));
      const rate = processed / ((performance.now() - began) / 1000);
      const words = each.map(({ mb, cpu }) => `${mb.toFixed(0)} MB, CPU ${one(cpu)} s`).join("; ");
      console.log(
        `${processed} done: ${one(rate)} jobs/s; workers ${words}; Redis ${one(await info())} MB`,
      );
    }
    await wait(200);
  }
  const ended = await watching.ended;
  console.log(
    `exit code ${ended.code}, ${one((performance.now() - began) / 1000)} s in all; Redis ${one(await info())} MB`,
  );
  await stop(workers);
}

try {
  await (what === "ranges" ? ranges() : overhead());
} finally {
  client.disconnect();
  await redis.stop();
}
