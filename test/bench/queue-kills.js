/**
 * Four workers on a real Redis: 30 times one is killed at a random moment and another started, Redis is restarted once,
 * and one worker is frozen beyond its lock. The bytes must be those of one process.
 *
 *     node test/bench/queue-kills.js [seed]
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deblur, makePicture, startRedis, temporaryFolder, wait } from "./queue-tools.js";

const folder = temporaryFolder();
const lock = 5;
let state = Number(process.argv[2] ?? 1);
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};
const cuts = ["--tile", 64, "--halo", 16];
await makePicture(join(folder, "in.png"));
const one = { cwd: folder, fault: "changing" };
await deblur(["in.png", "-o", "one.tif", ...cuts, "-q"], one).ended;
const redis = await startRedis(folder);
const env = { DEBLUR_QUEUE: redis.url, TILE_MS: "1500", RESTORED: join(folder, "count") };
const begin = () =>
  deblur(["work", "--root", ".", "--threads", 1, "--lock", lock], { ...one, env });
const alive = [begin(), begin(), begin(), begin()];
const all = [...alive];
const began = Date.now();
const run = deblur(["submit", "in.png", "-o", "out.tif", ...cuts, "--part-size", 2, "--wait"], {
  ...one,
  env,
});
await wait(6000);
const [frozen] = alive.splice(0, 1);
frozen.child.kill("SIGSTOP");
alive.push(begin());
all.push(alive.at(-1));
let kills = 0;
for (; kills < 30 && run.child.exitCode === null; kills++) {
  await wait(500 + 2500 * random());
  const [victim] = alive.splice(Math.floor(random() * alive.length), 1);
  victim.child.kill("SIGKILL");
  alive.push(begin());
  all.push(alive.at(-1));
  if (kills === 10) await redis.restart(2000);
  if (kills === 20) frozen.child.kill("SIGCONT");
}
frozen.child.kill("SIGCONT");
const { code, output } = await run.ended;
const seconds = ((Date.now() - began) / 1000).toFixed(0);
const same = readFileSync(join(folder, "out.tif")).equals(readFileSync(join(folder, "one.tif")));
const computed = readFileSync(env.RESTORED).length;
const stalls = all.reduce(
  (sum, { output }) => sum + (output().match(/its worker disappeared/g)?.length ?? 0),
  0,
);
const late = frozen.output().includes("taken for lost");
for (const { child } of alive) child.kill("SIGKILL");
frozen.child.kill("SIGKILL");
await redis.stop();
console.log(
  `${kills} kills, 1 restart of Redis, 1 worker frozen for more than ${lock} s (${late ? "its range went to another" : "between ranges"})`,
);
console.log(`exit code ${code}, bytes ${same ? "equal" : "DIFFER"}, ${seconds} s`);
console.log(
  `60 tiles: ${computed} computed, ${computed - 60} of them again; ${stalls} ranges given to another worker`,
);
if (process.env.SHOW) console.log(frozen.output());
if (code !== 0 || !same) {
  console.log(output);
  process.exitCode = 1;
}
