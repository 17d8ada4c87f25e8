import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve, sep } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { InputError, IoError, TileError, UnavailableError } from "../../../src/errors.ts";
import { tilesOfShard } from "../../../src/pipeline/shards/shard.ts";
import { belowRoot, relativeTo } from "../../../src/tools/queue/below-root.ts";
import {
  OtherReleaseError,
  type QueueJob,
  readJob,
  stored,
} from "../../../src/tools/queue/job-data.ts";
import { commonCode, isOfWorker, problemOf, reasonOf } from "../../../src/tools/queue/job-error.ts";
import { runIdOf } from "../../../src/tools/queue/queue-run.ts";
import { medianOf, rangesFor } from "../../../src/tools/queue/range-size.ts";
import { runFolderOf } from "../../../src/tools/queue/run-folder-of.ts";

let root = "";
beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "deblur-root-")));
  await mkdir(join(root, "a"));
  await writeFile(join(root, "a/in.png"), "");
  await symlink("..", join(root, "a/up"));
  await symlink("../..", join(root, "a/out"));
  await symlink(root, join(root, "a/self"));
});
afterAll(() => rm(root, { recursive: true }));

const path = fc.oneof(
  fc
    .array(fc.constantFrom("a", "..", ".", "", "b", "up", "out", "self", "in.png", "C:", "\0"), {
      maxLength: 6,
    })
    .map((parts) => parts.join("/")),
  fc.string({ maxLength: 12 }),
);

describe("a path of a job", () => {
  it("never leads outside the root, whatever its text and its links", async () => {
    await fc.assert(
      fc.asyncProperty(path, async (text) => {
        let full: string;
        try {
          full = await belowRoot(root, text);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
          return;
        }
        expect(full === root || full.startsWith(root + sep)).toBe(true);
        const real = await realpath(full).catch(() => resolve(full));
        expect(real === root || real.startsWith(root + sep)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("is taken where it stays inside, also by links", async () => {
    expect(await belowRoot(root, "a/up/a/in.png")).toBe(join(root, "a/up/a/in.png"));
    expect(await belowRoot(root, "new/deep/x.png")).toBe(join(root, "new/deep/x.png"));
    await expect(belowRoot(root, "a/out/x")).rejects.toThrow("leaves the root");
  });

  it("comes back to the same file", async () => {
    const found = await relativeTo(root, join(root, "a/self/a/in.png"));
    expect(found).toBe("a/in.png");
    expect(await belowRoot(root, found)).toBe(join(root, "a/in.png"));
    await expect(relativeTo(root, join(root, "../x.png"))).rejects.toThrow("below the root");
  });
});

const jobs: readonly QueueJob[] = [
  { kind: "range", run: "r", input: "i.tif", files: undefined, start: 0, end: 4, of: 9 },
  {
    kind: "assembly",
    run: "r",
    input: "i",
    files: { weights: "w", mask: "m.png" },
    output: "o.tif",
    tiles: 9,
    parts: 3,
  },
  { kind: "picture", input: "i", output: "o", files: undefined, options: { tile: 64 } },
  { kind: "folder", output: "o", parts: 3 },
  {
    kind: "segment",
    input: "i",
    output: "o",
    files: undefined,
    from: 1.5,
    frames: 9,
    options: {},
  },
  { kind: "join", run: "r", input: "i", output: "o", frames: 9, parts: 2 },
];

describe("a job", () => {
  const sent = (job: object): Record<string, unknown> => JSON.parse(JSON.stringify(job));

  it.each(jobs)("$kind comes back from the queue", (job) => {
    expect(sent(readJob("1", sent(stored(job))))).toEqual(sent(job));
  });

  it("with any field missing, added or of another type is refused", () => {
    const anyJob = fc.constantFrom(...jobs);
    const wrong = fc.constantFrom<unknown>(null, -1, 1.5, "/etc", "../x", [], { a: 1 }, true, "");
    fc.assert(
      fc.property(anyJob, fc.nat(20), wrong, (job, index, value) => {
        const data = sent(stored(job));
        const names = Object.keys(data).filter(
          (key) => !["files", "options", "from"].includes(key),
        );
        const name = names[index % names.length] as string;
        const { [name]: _, ...without } = data;
        for (const bad of [without, { ...data, [name]: value }, { ...data, more: value }]) {
          expect(() => readJob("1", bad)).toThrow(/^job 1: /);
        }
      }),
    );
  });

  it("of any JSON is read or refused, never another error", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(() => readJob("1", value)).toThrow(InputError);
      }),
    );
  });

  it("of another release or form is left for its workers", () => {
    const data = stored(jobs[0] as QueueJob);
    expect(() => readJob("1", { ...data, release: "0.0.1" })).toThrow(OtherReleaseError);
    expect(() => readJob("1", { ...data, schema: 2 })).toThrow(OtherReleaseError);
    expect(() => readJob("1", { ...data, release: "x; rm" })).toThrow(InputError);
  });

  it("has a folder and an id without characters that BullMQ or a shell minds", () => {
    expect(runFolderOf("a/b c.tif")).toBe("a/.b c.tif.run");
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (output) => {
        expect(runIdOf(output)).toMatch(/^[\w.-]*-[0-9a-f]{8}$/);
      }),
    );
  });
});

describe("an error", () => {
  it("goes through the queue with its exit code", () => {
    const error = new TileError({ x: 0, y: 0, width: 4, height: 4 }, "deblur", "on fire");
    expect(problemOf(reasonOf(error, "tiles 3 to 5"))).toEqual({
      message: "tiles 3 to 5: tile 4×4 at (0, 0), stage deblur: on fire",
      exitCode: 1,
    });
    expect(problemOf(reasonOf(new IoError("x", "gone\nreally")))).toEqual({
      message: "x: gone; really",
      exitCode: 74,
    });
    expect(problemOf("job stalled more than allowable limit").exitCode).toBe(75);
  });

  it("of a disk or an engine is its worker's, also below a tile", () => {
    const full = Object.assign(new Error(), { code: "ENOSPC" });
    const disk = new IoError("x", "no space left on device", { cause: full });
    const tile = new TileError({ x: 0, y: 0, width: 4, height: 4 }, "write", "x", { cause: disk });
    expect([disk, tile, new UnavailableError("no engine")].map(isOfWorker)).toEqual([
      true,
      true,
      true,
    ]);
    const gone = new IoError("x", "no such file", {
      cause: Object.assign(new Error(), { code: "ENOENT" }),
    });
    expect([gone, new InputError("x", "bad"), new Error("y")].map(isOfWorker)).toEqual([
      false,
      false,
      false,
    ]);
  });

  it("of several parts has their exit code where they agree", () => {
    const code = (...codes: number[]) =>
      commonCode(codes.map((exitCode) => ({ message: "", exitCode })));
    expect([code(65, 65), code(65, 74), code()]).toEqual([65, 1, 1]);
  });
});

test("ranges take one to five minutes wherever there are tiles enough for all workers", () => {
  const pace = fc.double({ min: 0.01, max: 60, noNaN: true });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      pace,
      fc.nat(50),
      (tiles, seconds, workers) => {
        const ranges = rangesFor(tiles, seconds, workers);
        const sizes = Array.from({ length: ranges }, (_, i) => {
          const { start, end } = tilesOfShard({ index: i + 1, of: ranges }, tiles);
          return end - start;
        });
        expect(Math.min(...sizes)).toBeGreaterThanOrEqual(1);
        expect(sizes.reduce((a, b) => a + b)).toBe(tiles);
        // Rounding to whole tiles aside.
        expect((Math.max(...sizes) - 1) * seconds).toBeLessThanOrEqual(120);
        const enough = tiles * seconds > 2 * 120 * Math.max(1, workers) && seconds < 60;
        if (enough) expect((Math.min(...sizes) + 1) * seconds).toBeGreaterThanOrEqual(60);
      },
    ),
    { numRuns: 300 },
  );
  expect(medianOf([])).toBeUndefined();
  expect(medianOf([3, 1, 2])).toBe(2);
});
