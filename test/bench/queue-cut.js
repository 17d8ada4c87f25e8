/**
 * Two workers in network namespaces of their own, Redis in the first one; the link of a worker is cut for 20 s and
 * restored. Packets are dropped without a word, as by a broken switch. The bytes must be those of one process.
 *
 *     node test/bench/queue-cut.js [seconds]        # needs iproute2, as root
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deblur, makePicture, startRedis, temporaryFolder, wait } from "./queue-tools.js";

const cut = Number(process.argv[2] ?? 20);
const folder = temporaryFolder();
const bridge = `dbr${process.pid % 10_000}`;
const address = (i) => `10.213.77.${i + 1}`;
const ip = (...words) => execFileSync("ip", words.map(String), { stdio: "inherit" });
const made = [];
const cuts = ["--tile", 64, "--halo", 16];

try {
  ip("link", "add", bridge, "type", "bridge");
  made.push(["link", "del", bridge]);
  ip("addr", "add", `${address(0)}/24`, "dev", bridge);
  ip("link", "set", bridge, "up");
  for (const i of [1, 2]) {
    ip("netns", "add", `${bridge}n${i}`);
    made.push(["netns", "del", `${bridge}n${i}`]);
    ip(
      "link",
      "add",
      `${bridge}v${i}`,
      "type",
      "veth",
      "peer",
      "name",
      "eth0",
      "netns",
      `${bridge}n${i}`,
    );
    ip("link", "set", `${bridge}v${i}`, "master", bridge, "up");
    ip("-n", `${bridge}n${i}`, "addr", "add", `${address(i)}/24`, "dev", "eth0");
    ip("-n", `${bridge}n${i}`, "link", "set", "eth0", "up");
  }
  await makePicture(join(folder, "in.png"));
  const one = { cwd: folder, fault: "changing" };
  await deblur(["in.png", "-o", "one.tif", ...cuts, "-q"], one).ended;
  const redis = await startRedis(folder, { host: address(0) });
  const env = { DEBLUR_QUEUE: redis.url, TILE_MS: "1500", RESTORED: join(folder, "count") };
  const workers = [1, 2].map((i) => {
    const before = ["ip", "netns", "exec", `${bridge}n${i}`];
    const words = ["work", "--root", ".", "--threads", 1, "--lock", 10];
    return deblur(words, { ...one, env, before });
  });
  const began = Date.now();
  const submit = ["submit", "in.png", "-o", "out.tif", ...cuts, "--part-size", 3, "--wait"];
  const run = deblur(submit, { ...one, env });
  await wait(8000);
  ip("link", "set", `${bridge}v1`, "nomaster");
  await wait(cut * 1000);
  ip("link", "set", `${bridge}v1`, "master", bridge);
  const before = workers[0].output().match(/: done in/g)?.length ?? 0;
  const { code, output } = await run.ended;
  const after = workers[0].output().match(/: done in/g)?.length ?? 0;
  const same = readFileSync(join(folder, "out.tif")).equals(readFileSync(join(folder, "one.tif")));
  const seconds = ((Date.now() - began) / 1000).toFixed(0);
  const computed = readFileSync(env.RESTORED).length;
  console.log(
    `link cut for ${cut} s: exit code ${code}, bytes ${same ? "equal" : "DIFFER"}, ${seconds} s`,
  );
  console.log(
    `60 tiles: ${computed} computed; the worker did ${after - before} ranges after the cut`,
  );
  if (process.env.SHOW) console.log(workers.map((one) => one.output()).join("\n---\n"));
  if (code !== 0 || !same || after === before) {
    console.log(output);
    process.exitCode = 1;
  }
  for (const { child, ended } of workers) {
    child.kill("SIGTERM");
    await ended;
  }
  await redis.stop();
} finally {
  for (const words of made.reverse()) ip(...words);
}
