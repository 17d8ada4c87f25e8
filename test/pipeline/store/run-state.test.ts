import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { plainRadiometry } from "../../../src/operators/radiometry.ts";
import { fingerprint } from "../../../src/pipeline/store/fingerprint.ts";
import {
  differences,
  formatRecord,
  identityOf,
  parseRecord,
  type RunRecord,
} from "../../../src/pipeline/store/run-record.ts";
import { enterRun, openRunState, statePath } from "../../../src/pipeline/store/run-state.ts";
import { temporaryFolder } from "../sources/pictures.ts";

const record: RunRecord = {
  input: { fingerprint: "ab".repeat(32) },
  engine: {
    engine: "onnx",
    version: "1",
    precision: "float32",
    threads: 2,
    pooling: "tlc",
    noise: undefined,
    weights: "cd".repeat(32),
  },
  plan: {
    grid: { width: 100, height: 90, tile: 64, halo: 16, feather: 8, alignment: 16 },
    channels: 3,
    sourceType: "float32",
    outputType: "float32",
    radiometry: { ...plainRadiometry(3, "float32"), nodata: Number.NaN },
  },
};
const withTile = (tile: number): RunRecord => ({
  ...record,
  plan: { ...record.plan, grid: { ...record.plan.grid, tile } },
});

test("a record comes back from its file with the identity it had, also where nodata is no number", () => {
  const found = parseRecord(formatRecord(record));
  expect(found && identityOf(found)).toBe(identityOf(record));
  expect(found?.plan.radiometry.nodata).toBeNaN();
  for (const text of ["", "{", "null", "[]", '{"format":1}', formatRecord(record).slice(0, -9)])
    expect(parseRecord(text)).toBeUndefined();
});

test("whatever the result depends on changes the identity, and is told in words", () => {
  expect(differences(record, withTile(96))).toEqual(["tile 64, not 96"]);
  expect(identityOf(withTile(96))).not.toBe(identityOf(record));
  const seeded = { ...record, engine: { ...record.engine, noise: 5 } };
  expect(differences(record, seeded)).toEqual(["noise none, not 5"]);
  const other = { ...record, input: { fingerprint: "ef".repeat(32) } };
  expect(differences(record, other)).toEqual(["another input: abababababab…, not efefefefefef…"]);
  expect(identityOf(other)).not.toBe(identityOf(record));
});

test("a fingerprint follows the content, not the name", async () => {
  const folder = await temporaryFolder();
  const [a, b] = [join(folder, "a"), join(folder, "b")];
  const bytes = Buffer.alloc(5_000_000, 7);
  await writeFile(a, bytes);
  await writeFile(b, bytes);
  expect(await fingerprint(b)).toBe(await fingerprint(a));
  await writeFile(b, bytes.subarray(1));
  expect(await fingerprint(b)).not.toBe(await fingerprint(a));
  bytes[4_999_999] = 8;
  await writeFile(b, bytes);
  expect(await fingerprint(b)).not.toBe(await fingerprint(a));
});

test("a run of the same record is entered again, another is refused with what differs", async () => {
  const output = join(await temporaryFolder(), "out.tif");
  const state = await openRunState(output);
  await enterRun(output, state.path, record, { startOver: false });
  const tile = join(state.path, "tiles", "000000", "000000.tile");
  await mkdir(join(tile, ".."), { recursive: true });
  await writeFile(tile, "kept");
  await enterRun(output, state.path, record, { startOver: false });
  expect(await readFile(tile, "utf8")).toBe("kept");
  await expect(enterRun(output, state.path, withTile(96), { startOver: false })).rejects.toThrow(
    "an unfinished run of it had tile 64, not 96",
  );
  expect(await readFile(tile, "utf8")).toBe("kept");
  await enterRun(output, state.path, withTile(96), { startOver: true });
  expect(await readdir(state.path)).not.toContain("tiles");
  await state.close();
  await state.remove();
});

test("one process at a time; a dead one's lock is taken over", async () => {
  const output = join(await temporaryFolder(), "out.tif");
  const first = await openRunState(output);
  await expect(openRunState(output)).rejects.toThrow(`process ${process.pid} is making it`);
  await first.close();
  const lock = join(statePath(output), "lock");
  const { pid = 0 } = spawnSync(process.execPath, ["-e", ""]);
  const since = Date.now();
  for (const text of ["", "{", JSON.stringify({ pid, host: hostname(), since })]) {
    await writeFile(lock, text);
    await (await openRunState(output)).close();
  }
  await writeFile(lock, JSON.stringify({ pid: process.ppid, host: hostname(), since: 1 }));
  await (await openRunState(output)).close();
  await writeFile(lock, JSON.stringify({ pid: process.ppid, host: hostname(), since }));
  await expect(openRunState(output)).rejects.toThrow(`process ${process.ppid} is making it`);
  await writeFile(lock, JSON.stringify({ pid, host: "elsewhere", since }));
  await expect(openRunState(output)).rejects.toThrow(`process ${pid} on elsewhere is making it`);
});

test("where there is no folder for it, the output cannot be made", async () => {
  const folder = await temporaryFolder();
  await expect(openRunState(join(folder, "no", "out.tif"))).rejects.toThrow("does not exist");
});
