import { existsSync } from "node:fs";
import { open, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { isDeblurError } from "../../../src/errors.ts";
import { plainRadiometry } from "../../../src/image/radiometry.ts";
import { storeRowsIn } from "../../../src/io/formats/tiff/write/store-rows.ts";
import { openPool, type Pool } from "../../../src/io/pool/pool.ts";
import { convertIn } from "../../../src/io/sources/convert-tile.ts";
import { countWorkers } from "../../helpers/live-workers.ts";
import { needs } from "../../helpers/needs.ts";
import { temporaryFolder } from "../sources/images.ts";

const entry = new URL("../../../dist/src/pool-worker.js", import.meta.url);
const signal = new AbortController().signal;
const radiometry = plainRadiometry(1, "uint8");

function testPool(): Pool {
  const pool = openPool({ threads: 2, entry });
  onTestFinished(() => pool.close());
  return pool;
}

const block = (value: number) => ({
  source: { width: 2, height: 2, channels: 1, samples: new Uint8Array(4).fill(value) },
  radiometry,
  residual: new Float32Array(12),
});
const layout = { dataOffset: 3, rowBytes: 4, sampleType: "uint8" } as const;

test("convert hands the samples back with the pixels, and moves their buffer", async () => {
  const pool = testPool();
  const samples = Uint8Array.of(0, 51, 255);
  const source = { width: 3, height: 1, channels: 1, samples };
  const converted = await convertIn(pool)(source, { width: 4, height: 1 }, { radiometry, signal });
  expect(converted.source).toEqual({ ...source, samples: Uint8Array.of(0, 51, 255) });
  expect([...converted.pixels.subarray(0, 4)]).toEqual([0, 51 / 255, 1, 51 / 255].map(Math.fround));
  expect(samples.length).toBe(0);
});

test("a window of a larger buffer leaves its neighbours alone", async () => {
  const pool = testPool();
  const whole = Uint8Array.of(1, 2, 3, 4);
  const source = { width: 2, height: 1, channels: 1, samples: whole.subarray(1, 3) };
  const converted = await convertIn(pool)(source, { width: 2, height: 1 }, { radiometry, signal });
  expect([...converted.source.samples]).toEqual([2, 3]);
  expect([...whole]).toEqual([1, 2, 3, 4]);
});

test("store writes rows at their offsets and nothing between them", async () => {
  const pool = testPool();
  const path = join(await temporaryFolder(), "rows");
  const file = await open(path, "w+");
  await file.write(new Uint8Array(3 + 4 * 3).fill(9));
  const rect = { x: 1, y: 1, width: 2, height: 2 };
  await storeRowsIn(pool)({ fd: file.fd, path, layout, rect, ...block(5) });
  await file.close();
  expect([...(await readFile(path))]).toEqual([9, 9, 9, 9, 9, 9, 9, 9, 5, 5, 9, 9, 5, 5, 9]);
});

needs("/dev/full", existsSync("/dev/full")).test(
  "a full disk is an IoError naming the output and the reason",
  async () => {
    const pool = testPool();
    const file = await open("/dev/full", "r+");
    onTestFinished(() => file.close());
    const rect = { x: 0, y: 0, width: 2, height: 2 };
    const job = { fd: file.fd, path: "out.png", layout, rect, ...block(5) };
    const error: unknown = await storeRowsIn(pool)(job).catch((caught: unknown) => caught);
    expect(isDeblurError(error, "IoError")).toBe(true);
    expect(String(error)).toBe("Error: out.png: no space left on device");
  },
);

test("a residual that is not a number is refused before anything is written", async () => {
  const pool = testPool();
  const path = join(await temporaryFolder(), "rows");
  const file = await open(path, "w+");
  onTestFinished(() => file.close());
  const { source } = block(5);
  const residual = new Float32Array(12).fill(Number.NaN);
  const rect = { x: 0, y: 0, width: 2, height: 2 };
  await expect(
    storeRowsIn(pool)({ fd: file.fd, path, layout, rect, source, radiometry, residual }),
  ).rejects.toThrow("the residual is NaN");
  expect((await file.stat()).size).toBe(0);
});

test("an aborted signal starts nothing", async () => {
  const pool = testPool();
  const samples = Uint8Array.of(1);
  const source = { width: 1, height: 1, channels: 1, samples };
  const options = { radiometry, signal: AbortSignal.abort() };
  await expect(convertIn(pool)(source, { width: 1, height: 1 }, options)).rejects.toThrow(
    "aborted",
  );
  expect(samples.length).toBe(1);
});

test("closing lets what is under way finish, and refuses what comes later", async () => {
  const pool = testPool();
  const path = join(await temporaryFolder(), "rows");
  const file = await open(path, "w+");
  onTestFinished(() => file.close());
  const at = (y: number) => ({ x: 0, y, width: 2, height: 2 });
  const narrow = { dataOffset: 0, rowBytes: 2, sampleType: "uint8" } as const;
  const stored = Array.from({ length: 20 }, (_, i) =>
    storeRowsIn(pool)({ fd: file.fd, path, layout: narrow, rect: at(2 * i), ...block(i + 1) }),
  );
  await pool.close();
  await Promise.all(stored);
  const expected = Array.from({ length: 20 }, (_, i) => new Array<number>(4).fill(i + 1)).flat();
  expect([...(await readFile(path))]).toEqual(expected);
  await expect(
    storeRowsIn(pool)({ fd: file.fd, path, layout: narrow, rect: at(0), ...block(1) }),
  ).rejects.toThrow("closed");
});

test("pools that were opened, used and closed twice leave no thread and no handle", async () => {
  // Idle workers are not active resources: the diagnostic report lists them all the same.
  const threads = () => (process.report.getReport() as { workers: unknown[] }).workers.length;
  const handles = () => process.getActiveResourcesInfo().filter((name) => /Worker|Port/.test(name));
  const before = { threads: threads(), handles: handles() };
  for (let round = 0; round < 2; round++) {
    const pool = openPool({ threads: 2, entry });
    const source = { width: 1, height: 1, channels: 1, samples: Uint8Array.of(1) };
    const converting = convertIn(pool)(source, { width: 1, height: 1 }, { radiometry, signal });
    expect(handles().length).toBeGreaterThan(before.handles.length);
    await converting;
    expect(threads()).toBeGreaterThan(before.threads);
    await pool.close();
    await pool.close();
  }
  await expect.poll(handles).toEqual(before.handles);
  await expect.poll(threads).toBe(before.threads);
});

test("a pool that is closed at once lets its threads load first: stopped meanwhile, Node.js aborts", async () => {
  const folder = await temporaryFolder();
  const slow = join(folder, "slow.mjs");
  await writeFile(
    slow,
    `import { writeFileSync } from "node:fs";
    import { threadId } from "node:worker_threads";
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    writeFileSync(${JSON.stringify(join(folder, "loaded-"))} + threadId, "");
    export const nothing = () => {};`,
  );
  await openPool({ threads: 2, entry: pathToFileURL(slow) }).close();
  const loaded = (await readdir(folder)).filter((name) => name.startsWith("loaded-"));
  expect(loaded).toHaveLength(2);
});

test.each(["process.exit(3);", 'throw new Error("broken");'])(
  "a pool whose threads end by %s while they load can be closed",
  async (script) => {
    const folder = await temporaryFolder();
    const broken = join(folder, "broken.mjs");
    await writeFile(broken, script);
    const workers = countWorkers();
    const pool = openPool({ threads: 2, entry: pathToFileURL(broken) });
    const closing = pool.close();
    // Node.js tells of a thread in the next tick.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect(workers.live()).toBe(2);
    await closing;
    expect(workers.live()).toBe(0);
    workers.stop();
  },
);
