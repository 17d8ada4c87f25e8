/**
 * Tests a long run on a disk whose n-th call fails, n = 1, 6, 11 …, once or forever. The run succeeds with the right
 * bytes, or fails with an error that has the exit code and names a file, and the next run resumes there.
 */
import { fileURLToPath } from "node:url";
import { lastValueFrom } from "rxjs";
import { beforeAll, describe, expect, test } from "vitest";
import { isDeblurError } from "../../../src/errors.ts";
import { plainRadiometry } from "../../../src/image/radiometry.ts";
import type { Samples } from "../../../src/image/samples.ts";
import type { StorePlan } from "../../../src/io/store/store-plan.ts";
import type { Disk } from "../../../src/io/system/disk.ts";
import { openLongRun } from "../../../src/pipeline/run/long-run.ts";
import { storeImage } from "../../../src/pipeline/store-image.ts";
import {
  type Fault,
  type MemoryDisk,
  memoryDisk,
  systemError,
} from "../../io/store/memory-disk.ts";
import { poolOn } from "../../io/store/stored-tiles.ts";
import {
  fakeEngine,
  memoryConvert,
  memorySource,
  noiseImage,
  noisyNet,
} from "../../operators/fakes.ts";

const picture = noiseImage({ width: 70, height: 50, channels: 3, bits: 8 });
const cuts = { tile: 48, halo: 16, feather: 8 };
const plan: StorePlan = {
  grid: { width: 70, height: 50, ...cuts, alignment: 16 },
  channels: 3,
  sourceType: "uint8",
  outputType: "uint8",
  radiometry: plainRadiometry(3, "uint8"),
};
const tileCount = 6;
/** Every call takes minutes; FAULT_STRIDE=1 does it. */
const stride = Number(process.env["FAULT_STRIDE"] ?? 5);
const signal = new AbortController().signal;

/** Replaces the image's file, which is not read on this disk. */
const input = fileURLToPath(import.meta.url);
let expected: Samples;

beforeAll(async () => {
  expected = (await run(memoryDisk())).samples;
});

/** Runs like `deblurFile`: an error during closing becomes a note. Computes at most `most` tiles. */
async function run(
  disk: MemoryDisk,
  most = tileCount,
): Promise<{ samples: Samples; computed: number }> {
  const longRun = openLongRun("/out/x.tif", { startOver: false, onNote: () => {}, disk });
  let computed = 0;
  const engine = fakeEngine((...given) => {
    computed++;
    return noisyNet(...given);
  });
  try {
    const runtime = { engine, pool: poolOn(disk) };
    const tiles = await longRun.enter({ input, tolerant: false, plan, runtime, signal });
    const options = { ...cuts, convert: memoryConvert(8), inFlight: 2, timeout: 60 };
    const range = { start: 0, end: most };
    const loud = { ...options, range, residualLimit: 1 };
    await lastValueFrom(storeImage(memorySource(picture), tiles, engine, loud), {
      defaultValue: undefined,
    });
    if (most < tileCount) return { samples: new Uint8Array(), computed };
    const { width, height } = plan.grid;
    const { samples } = await tiles.image.read({ x: 0, y: 0, width, height }, { signal });
    longRun.finished();
    return { samples, computed };
  } finally {
    await longRun.close().catch(() => {});
  }
}

const same = (a: Samples): boolean => Buffer.from(a.buffer).equals(Buffer.from(expected.buffer));

const refusals: Readonly<Record<string, (call: keyof Disk) => number | undefined>> = {
  "a full disk": (call) =>
    refuse("ENOSPC", "no space left on device", call, [
      "write",
      "open",
      "makeFolder",
      "rename",
      "sync",
    ]),
  "an unreadable block": (call) =>
    refuse("EIO", "i/o error", call, ["read", "write", "sync", "close", "rename"]),
  "too many open files": (call) => refuse("EMFILE", "too many open files", call, ["open", "list"]),
  "a folder that lost its rights": (call) =>
    refuse("EACCES", "permission denied", call, [
      "open",
      "rename",
      "makeFolder",
      "list",
      "remove",
      "link",
      "size",
      "modified",
    ]),
  "reads of one byte": (call) => (call === "read" ? 1 : undefined),
  "reads of nothing": (call) => (call === "read" ? 0 : undefined),
  "writes of one byte": (call) => (call === "write" ? 1 : undefined),
};

function refuse(
  code: string,
  words: string,
  call: keyof Disk,
  calls: readonly (keyof Disk)[],
): undefined {
  if (calls.includes(call)) throw systemError(code, words, call);
}

/** Copies the files of a disk to one that fails as `fault` decides. */
function diskWith(files: MemoryDisk["files"], fault: Fault = () => undefined): MemoryDisk {
  const disk = memoryDisk(fault);
  for (const [path, bytes] of files) disk.files.set(path, bytes.slice());
  return disk;
}

const storedOn = (disk: MemoryDisk): number =>
  [...disk.files.keys()].filter((path) => /^\/out\/\.x\.tif\.deblur\/tiles\/.*\.tile$/.test(path))
    .length;

describe.each(Object.keys(refusals))("%s", (name) => {
  const refusal = refusals[name] as (call: keyof Disk) => number | undefined;

  test.each([
    ["once, from nothing", false, 0],
    ["forever, from nothing", true, 0],
    ["once, resuming from half", false, 3],
    ["forever, resuming from half", true, 3],
  ])(
    "succeeds or fails cleanly, and resumes: %s, at any call",
    async (_, forEver, half) => {
      const begun = memoryDisk();
      if (half > 0) await run(begun, half);
      let struck = true;
      let failures = 0;
      for (let n = 1; struck; n += stride) {
        struck = false;
        let calls = 0;
        const disk = diskWith(begun.files, (call) => {
          calls++;
          if (forEver ? calls < n : calls !== n) return undefined;
          struck = true;
          return refusal(call);
        });
        const ended = await run(disk).catch((error: unknown) => error);
        if (ended instanceof Error) {
          failures++;
          const { message } = ended;
          // A folder that cannot be created is reported for the output.
          const code = message.endsWith("is not writable") ? 73 : 74;
          expect([n, isDeblurError(ended) && ended.exitCode, message]).toEqual([n, code, message]);
          expect(message).toMatch(/\/out\/\.?x\.tif/);
          expect(message).not.toContain("\n");
        } else expect(same((ended as { samples: Samples }).samples)).toBe(true);
        if (!forEver) expect(disk.openFiles()).toBe(0);

        // The disk works again, and the process is another one.
        const again = await run(diskWith(disk.files));
        expect(same(again.samples)).toBe(true);
        if (ended instanceof Error) expect(again.computed).toBe(tileCount - storedOn(disk));
      }
      if (!name.includes("one byte")) expect(failures).toBeGreaterThan(0);
    },
    300_000,
  );
});
