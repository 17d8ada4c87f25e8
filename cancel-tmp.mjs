import { mkdtemp, readdir, writeFile } from "node:fs/promises";
import { deblurVideo, openEngine, openPool } from "rx-deblur";

const folder = await mkdtemp("/tmp/streams/cancel-");
const [w, h, n] = [192, 128, 60];
const fb = (w * h * 3) / 2;
const parts = [Buffer.from(`YUV4MPEG2 W${w} H${h} F25:1 C420jpeg\n`)];
for (let i = 0; i < n; i++) {
  parts.push(Buffer.from("FRAME\n"));
  const d = Buffer.alloc(fb);
  for (let k = 0; k < fb; k++) d[k] = (k * 7 + i * 13 + ((k * k) >> 5)) & 255;
  parts.push(d);
}
await writeFile(`${folder}/in.y4m`, Buffer.concat(parts));
const engine = await openEngine();
const pool = openPool({ threads: 1 });
const one = performance.now();
await deblurVideo(
  `${folder}/in.y4m`,
  `${folder}/warm.y4m`,
  { tile: 128, halo: 16 },
  { engine, pool },
);
const full = performance.now() - one;
const lat = [];
let hit = 0;
let seed = 5;
const rnd = () => {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed / 2147483648;
};
for (let i = 0; i < 50; i++) {
  const c = new AbortController();
  let at;
  const t = setTimeout(
    () => {
      at = performance.now();
      c.abort(new Error("stop"));
    },
    rnd() * full * 0.95,
  );
  const r = await deblurVideo(
    `${folder}/in.y4m`,
    `${folder}/o${i}.y4m`,
    { tile: 128, halo: 16 },
    { engine, pool, signal: c.signal },
  ).then(
    () => "done",
    (e) => e.message,
  );
  clearTimeout(t);
  if (r === "stop") {
    hit++;
    lat.push(performance.now() - at);
  } else if (r !== "done") console.log("?", r);
  await new Promise((r) => setTimeout(r, 20));
}
const left = (await readdir(folder)).filter((x) => !/^(in|warm)/.test(x));
await new Promise((r) => setTimeout(r, 2000));
lat.sort((a, b) => a - b);
console.log(
  `full ${full.toFixed(0)} ms; hit ${hit}/50; latency median ${lat[lat.length >> 1].toFixed(0)} max ${lat.at(-1).toFixed(0)} ms; files left ${left.length} (${50 - hit} finished), hidden ${left.filter((x) => x[0] === ".").length}; handles ${engine.liveHandles()}`,
);
await engine.dispose();
await engine.dispose();
await pool.close();
await pool.close();
