/**
 * A picture larger than memory through the stored pipeline, engine copy, every pixel compared with the formula it
 * was made by.
 *
 *   node test/bench/gigapixel.js WIDTHxHEIGHT FOLDER [--channels N --tile N --halo N --in-flight N --threads N]
 *
 * No tile is flat and none is skipped; each is kept in a file of its own as in any long run, and the TIFF (no
 * deflate) is put together from those. What goes into the TIFF is compared on the way. Everything in FOLDER is
 * deleted again. Prints JSON: seconds, user and system CPU, of both halves; peak resident memory; disk taken by
 * tiles and output. One size a process, or the peak is that of the largest.
 */
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { lastValueFrom } from "rxjs";
import { plainRadiometry } from "../../dist/src/image/radiometry.js";
import { openGrid } from "../../dist/src/image/tiling/open-grid.js";
import { openPool } from "../../dist/src/io/pool/pool.js";
import { openRasterSink } from "../../dist/src/io/sinks/raster-sink.js";
import { convertIn } from "../../dist/src/io/sources/convert-tile.js";
import { identityOf } from "../../dist/src/io/store/run-record.js";
import { enterRun, openRunState } from "../../dist/src/io/store/run-state.js";
import { openTileStore } from "../../dist/src/io/store/tile-store.js";
import { systemDisk } from "../../dist/src/io/system/disk.js";
import { openCopyEngine } from "../../dist/src/model/engines/copy.js";
import { storeImage } from "../../dist/src/pipeline/store-image.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    channels: { type: "string", default: "3" },
    tile: { type: "string", default: "512" },
    halo: { type: "string", default: "32" },
    "in-flight": { type: "string", default: "3" },
    threads: { type: "string", default: "2" },
  },
});
const [size = "", folder = "."] = positionals;
const [width, height] = size.split("x").map(Number);
const [channels, tile, halo, threads] = ["channels", "tile", "halo", "threads"].map((name) =>
  Number(values[name]),
);
const inFlight = Number(values["in-flight"]);

/** Sample (x, y, c) is a pseudo-random byte, that of its place in a row moved by a pseudo-random length. */
const random = (() => {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 16;
  };
})();
const bytes = Buffer.from({ length: width * channels + 2 ** 16 }).map(random);
const moved = Uint16Array.from({ length: height }, random);

/** The samples of one row of a rectangle. */
function rowOf({ x, y, width: across }, row) {
  const start = x * channels + moved[y + row];
  return bytes.subarray(start, start + across * channels);
}

function raster(rect) {
  const line = rect.width * channels;
  const samples = new Uint8Array(line * rect.height);
  for (let row = 0; row < rect.height; row++) samples.set(rowOf(rect, row), row * line);
  return { width: rect.width, height: rect.height, channels, samples };
}

let compared = 0;
function compare(rect, { samples }) {
  const line = rect.width * channels;
  for (let row = 0; row < rect.height; row++) {
    if (rowOf(rect, row).equals(samples.subarray(row * line, (row + 1) * line))) continue;
    throw new Error(`row ${rect.y + row} differs at ${rect.x} to ${rect.x + rect.width - 1}`);
  }
  compared += rect.width * rect.height;
}

function bytesUnder(path) {
  const found = statSync(path);
  if (!found.isDirectory()) return found.blocks * 512;
  return readdirSync(path).reduce((sum, name) => sum + bytesUnder(join(path, name)), 0);
}

const radiometry = plainRadiometry(channels, "uint8");
const picture = { width, height, channels, sampleType: "uint8", radiometry };
const source = { ...picture, read: async (rect) => raster(rect) };
const cuts = { width, height, tile, halo, alignment: 16 };
const grid = openGrid(cuts);
const plan = { grid: grid.plan, channels, sourceType: "uint8", outputType: "uint8", radiometry };
const output = join(folder, "out.tif");
const { signal } = new AbortController();

const engine = openCopyEngine();
const pool = openPool({ threads });
const state = openRunState(output, systemDisk);
const input = { fingerprint: "a formula", modified: "never", tolerant: false };
const record = { input, engine: engine.identity, plan };
enterRun(output, state.path, record, { startOver: true, disk: systemDisk });
const tiles = await openTileStore(state.path, {
  ...{ plan, pool, signal, work: state.work, disk: systemDisk },
  ...identityOf(record),
});

const cpu = () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return { at: performance.now() / 1000, user: userCPUTime / 1e6, system: systemCPUTime / 1e6 };
};
const since = (from) => {
  const now = cpu();
  const peak = process.resourceUsage().maxRSS / 1024;
  const spent = { seconds: now.at - from.at, user: now.user - from.user };
  return { ...spent, system: now.system - from.system, peakMegabytes: peak };
};

const begin = cpu();
await lastValueFrom(
  storeImage(source, tiles, engine, {
    ...{ convert: convertIn(pool), grid, inFlight, timeout: 600 },
    skipFlat: false,
  }),
);
const stored = since(begin);
const tileBytes = bytesUnder(state.path);

const second = cpu();
const sink = await openRasterSink(output, {
  ...{ ...picture, format: "tiff", folder: state.work, metadata: {}, force: true, pool },
  tiff: { compression: "none" },
});
const image = {
  ...tiles.image,
  async read(rect, options) {
    const found = await tiles.image.read(rect, options);
    compare(rect, found);
    return found;
  },
};
await sink.finish({ signal, image });
const assembled = since(second);
const outputBytes = bytesUnder(output);
await sink.close();
state.close({ keep: false });
await pool.close();
rmSync(output);

if (compared !== width * height) throw new Error(`only ${compared} pixels were compared`);
const all = since(begin);
const megapixels = (width * height) / 1e6;
console.log(
  JSON.stringify({
    picture: `${width}×${height}×${channels}`,
    settings: { tile, halo, inFlight, threads, columns: grid.columns, count: grid.count },
    ...{ stored, assembled, all, tileBytes, outputBytes },
    megapixelsPerSecond: megapixels / all.seconds,
    cpuSecondsPerMegapixel: (all.user + all.system) / megapixels,
  }),
);
