import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { plainRadiometry } from "../../../src/image/radiometry.ts";
import { fingerprint } from "../../../src/io/store/fingerprint.ts";
import {
  differences,
  formatRunFile,
  identityOf,
  parseRunFile,
  type RunRecord,
} from "../../../src/io/store/run-record.ts";
import {
  enterRun,
  markFinishing,
  openRunState,
  type RunState,
  removeFinished,
  statePath,
} from "../../../src/io/store/run-state.ts";
import { systemDisk as disk } from "../../../src/io/system/disk.ts";
import { temporaryFolder } from "../sources/images.ts";

const record: RunRecord = {
  input: { fingerprint: "ab".repeat(32), modified: "2026-01-01T00:00:00.000Z", tolerant: false },
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
const open = (output: string): RunState => openRunState(output, disk);
const withTile = (tile: number): RunRecord => ({
  ...record,
  plan: { ...record.plan, grid: { ...record.plan.grid, tile } },
});

test("the state of a run that was killed after its output had appeared goes, and no other", async () => {
  const folder = await temporaryFolder();
  const output = join(folder, "out.png");
  const state = open(output);
  enterRun(output, state.path, record, { startOver: false, disk });
  state.close({ keep: true });
  const isThere = () => readdir(folder).then((names) => names.includes(basename(state.path)));

  // An output of before, and a run that is to replace it.
  await writeFile(output, "old");
  removeFinished(output, disk);
  expect(await isThere()).toBe(true);
  markFinishing(state.path, disk);
  await utimes(output, 1, 1);
  removeFinished(output, disk);
  expect(await isThere()).toBe(true);

  await writeFile(output, "new");
  await utimes(output, new Date(), new Date(Date.now() + 1000));
  const busy = open(output);
  removeFinished(output, disk);
  busy.close({ keep: true });
  expect(await isThere()).toBe(true);
  removeFinished(output, disk);
  expect(await isThere()).toBe(false);
  expect(await readFile(output, "utf8")).toBe("new");
});

test("a record comes back from its file with the identity it had, also where nodata is no number", () => {
  const found = parseRunFile(formatRunFile({ record }));
  expect(found && identityOf(found.record)).toEqual(identityOf(record));
  expect(found?.record.plan.radiometry.nodata).toBeNaN();
  for (const text of [
    "",
    "{",
    "null",
    "[]",
    '{"format":1}',
    formatRunFile({ record }).slice(0, -9),
  ])
    expect(parseRunFile(text)).toBeUndefined();
});

test("any record, and the words it was planned with, come back as they were; of text that is cut none does", () => {
  const numbers = fc.double().map((value) => value + 0);
  const words = fc.oneof(fc.string(), fc.constantFrom("number NaN", "number one", "text number 1"));
  const anyRecord = fc.record({
    input: fc.record({ fingerprint: words, modified: words, tolerant: fc.boolean() }),
    engine: fc.record({ version: words, adapter: words, threads: fc.nat() }),
    range: fc.tuple(numbers, numbers),
    nodata: numbers,
  });
  const anyOptions = fc.dictionary(
    words,
    fc.oneof(words, numbers, fc.boolean(), fc.constant(null)),
    {
      noNullPrototype: true,
    },
  );
  fc.assert(
    fc.property(
      anyRecord,
      anyOptions,
      fc.nat(),
      ({ input, engine, range, nodata }, options, cut) => {
        const radiometry = { ...record.plan.radiometry, range, nodata };
        const file = {
          record: {
            input,
            engine: { ...record.engine, ...engine },
            plan: { ...record.plan, radiometry },
          },
          planned: { input: "/in.tif", options },
        };
        const text = formatRunFile(file);
        const found = parseRunFile(text);
        expect(found).toEqual({
          ...file,
          record: { ...file.record, engine: JSON.parse(JSON.stringify(file.record.engine)) },
        });
        expect(found && identityOf(found.record)).toEqual(identityOf(file.record));
        expect(parseRunFile(text.slice(0, cut % (text.length - 2)))).toBeUndefined();
      },
    ),
  );
});

test("every input of the result changes the identity, and the difference is named", () => {
  const { identity, engine } = identityOf(record);
  const changed = (other: RunRecord, words: string): void => {
    expect(differences(record, other)).toEqual([words]);
    expect(identityOf(other).identity).not.toBe(identity);
    expect(identityOf(other).engine).toBe(engine);
  };
  const withInput = (input: object): RunRecord => ({
    ...record,
    input: { ...record.input, ...input },
  });
  changed(withTile(96), "tile 64, not 96");
  changed({ ...record, engine: { ...record.engine, noise: 5 } }, "noise none, not 5");
  changed(
    withInput({ fingerprint: "ef".repeat(32) }),
    "another input: abababababab…, not efefefefefef…",
  );
  changed(
    withInput({ modified: "2026-01-01T00:00:00.001Z" }),
    "an input modified 2026-01-01T00:00:00.000Z, not 2026-01-01T00:00:00.001Z",
  );
  changed(withInput({ tolerant: true }), "tolerant false, not true");
});

test("a hash of all bytes decides on an input, not its time", () => {
  const withInput = (input: object): RunRecord => ({
    ...record,
    input: { ...record.input, ...input },
  });
  const hashed = withInput({ content: "12".repeat(32) });
  const copied = withInput({ content: "12".repeat(32), modified: "2027-01-01T00:00:00.000Z" });
  expect(differences(hashed, copied)).toEqual([]);
  expect(identityOf(copied)).toEqual(identityOf(hashed));
  const other = withInput({ content: "34".repeat(32) });
  expect(differences(hashed, other)).toEqual(["another input: 121212121212…, not 343434343434…"]);
  expect(identityOf(other).identity).not.toBe(identityOf(hashed).identity);
});

test("threads are each machine's own", () => {
  const other = { ...record, engine: { ...record.engine, threads: 77 } };
  expect(differences(record, other)).toEqual([]);
  expect(identityOf(other)).toEqual(identityOf(record));
});

test("an engine that differs in name or version alone has an identity of its own", () => {
  for (const other of [{ engine: "tfjs-wasm" }, { version: "2" }]) {
    const changed = { ...record, engine: { ...record.engine, ...other } };
    expect(identityOf(changed).identity).toBe(identityOf(record).identity);
    expect(identityOf(changed).engine).not.toBe(identityOf(record).engine);
    expect(differences(record, changed)).toHaveLength(1);
    expect(differences(record, changed, { anyEngine: true })).toEqual([]);
  }
});

test("a fingerprint follows the content and its date, not the name", async () => {
  const folder = await temporaryFolder();
  const [a, b] = [join(folder, "a"), join(folder, "b")];
  const bytes = Buffer.alloc(5_000_000, 7);
  await writeFile(a, bytes);
  await writeFile(b, bytes);
  const at = new Date(1e12);
  for (const path of [a, b]) await utimes(path, at, at);
  expect(await fingerprint(b)).toEqual(await fingerprint(a));
  await utimes(b, at, new Date(1e12 + 1));
  expect(await fingerprint(b)).not.toEqual(await fingerprint(a));
  const hash = async (path: string) => (await fingerprint(path)).fingerprint;
  await writeFile(b, bytes.subarray(1));
  expect(await hash(b)).not.toBe(await hash(a));
  bytes[4_999_999] = 8;
  await writeFile(b, bytes);
  expect(await hash(b)).not.toBe(await hash(a));
});

test("a run of the same record is entered again, another is refused with what differs", async () => {
  const output = join(await temporaryFolder(), "out.tif");
  const state = open(output);
  enterRun(output, state.path, record, { startOver: false, disk });
  const tile = join(state.path, "tiles", "000", "000000.tile");
  await mkdir(join(tile, ".."), { recursive: true });
  await writeFile(tile, "kept");
  enterRun(output, state.path, record, { startOver: false, disk });
  expect(await readFile(tile, "utf8")).toBe("kept");
  expect(() => enterRun(output, state.path, withTile(96), { startOver: false, disk })).toThrow(
    "an unfinished run of it had tile 64, not 96: the same options resume it, `noResume` starts over",
  );
  expect(await readFile(tile, "utf8")).toBe("kept");
  state.close({ keep: true });
  const again = open(output);
  expect([state.hadRun, again.hadRun]).toEqual([false, true]);
  enterRun(output, again.path, withTile(96), { startOver: true, disk });
  expect(await readdir(again.path)).not.toContain("tiles");
  again.close({ keep: false });
  expect(await readdir(dirname(output))).toEqual([]);
});

test("removes tiles whose record cannot be read", async () => {
  const output = join(await temporaryFolder(), "out.tif");
  const state = open(output);
  await mkdir(join(state.path, "tiles"));
  await writeFile(join(state.path, "run.json"), formatRunFile({ record }).slice(0, -9));
  enterRun(output, state.path, record, { startOver: false, disk });
  expect(await readdir(state.path)).not.toContain("tiles");
  expect(await readFile(join(state.path, "run.json"), "utf8")).toBe(formatRunFile({ record }));
});

test("one process at a time; a dead one's lock is taken over", async () => {
  const output = join(await temporaryFolder(), "out.tif");
  const first = open(output);
  expect(() => open(output)).toThrow(`process ${process.pid} on `);
  const lock = join(statePath(output), "lock");
  const own = JSON.parse(await readFile(lock, "utf8"));
  first.close({ keep: true });

  const { pid = 0 } = spawnSync(process.execPath, ["-e", ""]);
  const gone = [
    { ...own, pid },
    { ...own, id: "an earlier process of that number" },
    { ...own, pid: process.ppid, started: "another time" },
  ];
  for (const holder of gone) {
    await writeFile(lock, JSON.stringify(holder));
    open(output).close({ keep: true });
  }
  const started = (await readFile(`/proc/${process.ppid}/stat`, "latin1").catch(() => ""))
    .split(") ")[1]
    ?.split(" ")[19];
  await writeFile(lock, JSON.stringify({ ...own, pid: process.ppid, started: started ?? "" }));
  expect(() => open(output)).toThrow(`process ${process.ppid} on `);
});

test("a lock of another machine, or one that says nothing, holds while it is fresh", async () => {
  const output = join(await temporaryFolder(), "out.tif");
  open(output).close({ keep: true });
  const lock = join(statePath(output), "lock");
  const elsewhere = JSON.stringify({ machine: "elsewhere", pid: 7, started: "", id: "x" });
  for (const [text, who] of [
    [elsewhere, "process 7 on elsewhere"],
    ["", "another process"],
    ["{", "another process"],
  ] as const) {
    await writeFile(lock, text);
    expect(() => open(output)).toThrow(`${who} is making it`);
    const old = new Date(Date.now() - 150_000);
    await utimes(lock, old, old);
    open(output).close({ keep: true });
  }
});

test("what a killed process left for itself goes when the next one comes", async () => {
  const output = join(await temporaryFolder(), "out.tif");
  const state = open(output);
  const { pid = 0 } = spawnSync(process.execPath, ["-e", ""]);
  const left = join(state.path, "work-left");
  const own = JSON.parse(await readFile(join(state.work, "lock"), "utf8"));
  await mkdir(left);
  await writeFile(join(left, "lock"), JSON.stringify({ ...own, pid, id: "left" }));
  await writeFile(join(left, "source.tif"), "large");
  // Killed before it could lock what it had made.
  await mkdir(join(state.path, "work-begun"));
  state.close({ keep: true });
  const again = open(output);
  expect(await readdir(state.path)).toEqual(expect.arrayContaining(["lock"]));
  expect((await readdir(state.path)).filter((name) => name.startsWith("work-"))).toEqual([
    basename(again.work),
  ]);
  for (const name of ["lock-draft", "run-draft"]) await writeFile(join(state.path, name), "{");
  again.close({ keep: false });
  expect(await readdir(dirname(output))).toEqual([]);
});

test("long names of outputs have folders of their own", () => {
  const [a, b] = ["a", "b"].map((end) => statePath(`/x/${"é".repeat(110)}${end}.tif`)) as [
    string,
    string,
  ];
  expect(a).not.toBe(b);
  expect(Buffer.byteLength(basename(a))).toBeLessThan(255);
  expect(statePath("/x/out.tif")).toBe("/x/.out.tif.deblur");
});

test("where there is no folder for it, the output cannot be made", async () => {
  const folder = await temporaryFolder();
  expect(() => open(join(folder, "no", "out.tif"))).toThrow("does not exist");
});
