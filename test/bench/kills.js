/**
 * A run of 60 tiles that is killed over and over, the same command again each time, until its output has the bytes
 * of an undisturbed run.
 *
 *   node test/bench/kills.js FOLDER [--kills N --seed N --calls N]
 *
 * First `kills` times at a random moment: after any number of tiles, or after the last one; then, with all tiles there,
 * at `calls` of the calls to the file system from which the output is put together, spread evenly, inside a write where
 * it is one. Prints JSON: in which phase the kills fell, and how many restored tiles each one cost. Fails where an
 * output differs, a state stays, or a kill cost more tiles than were in flight.
 */
import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import sharp from "sharp";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kills: { type: "string", default: "100" },
    calls: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
  },
});
const folder = resolve(positionals[0] ?? ".", "kills");
const planted = fileURLToPath(new URL("../helpers/planted-deblur.js", import.meta.url));
const killer = new URL("../helpers/kill-at-call.js", import.meta.url).href;

/** Ten by six tiles of 256 with halo 32. */
const size = { width: 1984, height: 1216 };
const tiles = 60;
const inFlight = 3;
const output = join(folder, "out.tif");
const state = join(folder, ".out.tif.deblur");
const finishing = join(state, "finishing");
const restored = join(folder, "restored");
const counter = join(folder, "calls");

let seed = Number(values.seed);
const random = () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
};

/** Runs the command; `onEvent` hears its progress. Resolves when it is over, with how it ended and when. */
function run(onEvent = () => {}, env = {}) {
  const words = ["in.png", "-o", "out.tif", "--tile", "256", "--halo", "32", "--json"];
  const child = spawn(process.execPath, [planted, "changing", ...words], {
    cwd: folder,
    env: { ...process.env, TILE_MS: "10", RESTORED: restored, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let rest = "";
  let said = "";
  child.stderr.on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      said = line;
      onEvent(JSON.parse(line), child);
    }
  });
  return new Promise((ended) => {
    child.on("close", (code, signal) => ended({ code, signal, said, at: performance.now() }));
  });
}

function tilesThere() {
  const groups = join(state, "tiles");
  if (!existsSync(groups)) return 0;
  return readdirSync(groups).flatMap((group) => readdirSync(join(groups, group))).length;
}

const sizeOf = (path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
const expect = (truth, what) => {
  if (!truth) throw new Error(what);
};

function expectWhole(whole) {
  expect(readFileSync(output).equals(whole), "the output differs");
  const left = readdirSync(folder).filter((name) => name.startsWith(".out"));
  expect(left.length === 0, `${left} is left`);
}

function startAnew() {
  for (const path of [output, state, restored, counter]) {
    rmSync(path, { recursive: true, force: true });
  }
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
const samples = Uint8Array.from({ length: size.width * size.height * 3 }, () => random() * 256);
await sharp(samples, { raw: { ...size, channels: 3 } })
  .png()
  .toFile(join(folder, "in.png"));

let first = 0;
let last = 0;
const { code, at: end } = await run(({ event, done }) => {
  if (event === "tile" && done === 1) first = performance.now();
  if (event === "tile" && done === tiles) last = performance.now();
});
expect(code === 0 && sizeOf(restored) === tiles, "the undisturbed run failed");
const whole = readFileSync(output);
startAnew();

/** Until which phase killed runs came, and how many restored tiles were lost at each kill. */
const phases = { beforeTiles: 0, tiles: 0, assembly: 0, published: 0 };
const lost = {};
let [kills, killsNow, lostNow, outputs, ownEnds] = [0, 0, 0, 0, 0];
while (kills < Number(values.kills)) {
  // While tiles are restored, or while the picture is put together.
  const inTiles = random() < 0.6;
  const kept = tilesThere();
  const target = inTiles ? kept + Math.floor(random() * (tiles - kept)) : tiles;
  // With all tiles there it is left alone, or no run would ever end.
  const alone = inTiles && kept === tiles;
  const soon = random() * (inTiles ? (last - first) / tiles : end - last);
  let aimed = false;
  const { signal, said } = await run(({ event, tilesKept, done = tilesKept }, child) => {
    if (alone || aimed || !["start", "tile"].includes(event) || done < target) return;
    aimed = true;
    wait(soon).then(() => child.kill("SIGKILL"));
  });
  if (signal === "SIGKILL") {
    kills++;
    killsNow++;
    const phase = existsSync(output)
      ? "published"
      : existsSync(finishing)
        ? "assembly"
        : aimed
          ? "tiles"
          : "beforeTiles";
    phases[phase]++;
    if (phase !== "published") {
      const cost = sizeOf(restored) - tilesThere() - lostNow;
      lostNow += cost;
      lost[cost] = (lost[cost] ?? 0) + 1;
      expect(cost >= 0 && cost <= inFlight, `a kill cost ${cost} tiles`);
    }
    if (kills % 10 === 0) console.error(JSON.stringify({ kills, phases, lost, outputs }));
  } else {
    ownEnds++;
    expect(existsSync(output), `it failed: ${said}`);
  }
  if (!existsSync(output)) continue;
  expect(readFileSync(output).equals(whole), "the output differs");
  expect(sizeOf(restored) <= tiles + inFlight * killsNow, "too much was restored twice");
  outputs++;
  startAnew();
  [killsNow, lostNow] = [0, 0];
}
await run();
expectWhole(whole);
outputs++;
startAnew();

// With all tiles there, and the first call of what follows still to come.
const preload = { NODE_OPTIONS: `--import ${killer}`, KILL_COUNTER: counter, KILL_FROM: finishing };
const killAt = (call) => ({ ...preload, KILL_AT: String(call) });
await run(undefined, killAt(1));
rmSync(finishing);
expect(tilesThere() === tiles, "not all tiles are there");
const template = join(folder, "template");
cpSync(state, template, { recursive: true });
rmSync(counter);
await run(undefined, killAt(Number.MAX_SAFE_INTEGER));
const calls = sizeOf(counter);
expectWhole(whole);

const atCalls = { assembly: 0, published: 0, endedBefore: 0 };
const wanted = Math.min(calls, Number(values.calls));
for (let i = 0; i < wanted; i++) {
  startAnew();
  cpSync(template, state, { recursive: true });
  const { signal } = await run(undefined, killAt(1 + Math.floor((i * calls) / wanted)));
  atCalls[signal !== "SIGKILL" ? "endedBefore" : existsSync(output) ? "published" : "assembly"]++;
  if (existsSync(output)) expect(readFileSync(output).equals(whole), "the output differs");
  const again = await run();
  // An output that exists is not made twice; what it leaves is tidied up all the same.
  expect([0, 73].includes(again.code), `it failed: ${again.said}`);
  expectWhole(whole);
  expect(sizeOf(restored) === 0, "a tile that was there was restored");
}
rmSync(folder, { recursive: true });
console.log(
  JSON.stringify({
    seconds: { tiles: (last - first) / 1000, assembly: (end - last) / 1000 },
    atRandom: { kills, phases, lost, ownEnds, outputs },
    insideCalls: { calls, kills: wanted, ...atCalls },
  }),
);
