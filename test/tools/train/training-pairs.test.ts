import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { openPool, type Pool } from "../../../src/io/pool/pool.ts";
import type { TrainingPair } from "../../../src/operators/pairs/synthesize.ts";
import type { PairOptions } from "../../../src/tools/train/training-pair-options.ts";
import { openTrainingPairs } from "../../../src/tools/train/training-pairs.ts";
import { imageOf, noise, temporaryFolder } from "../../io/sources/images.ts";

const entry = new URL("../../../dist/src/pool-worker.js", import.meta.url);

/** Sharp pictures in sharp/, some of them unusable, and real pairs in pairs/{blur,sharp}. */
async function pictures(): Promise<{ sharp: string; pairs: string }> {
  const folder = await temporaryFolder();
  const put = async (name: string, width: number, seed: number) => {
    const picture = { width, height: 60, channels: 3, bits: 8 } as const;
    const path = join(folder, name);
    await mkdir(join(path, ".."), { recursive: true });
    await imageOf(noise(picture, seed), picture).toFile(path);
  };
  for (const i of [0, 1, 2, 3, 4, 5])
    await put(`sharp/${i % 2}/${i}.${i < 3 ? "jpg" : "png"}`, 50 + i, i);
  await put("sharp/too-small.png", 20, 9);
  await writeFile(join(folder, "sharp/broken.jpg"), Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 4]));
  await writeFile(join(folder, "sharp/notes.txt"), "not a picture");
  for (const side of ["blur", "sharp"]) {
    for (const i of [0, 1])
      await put(`pairs/${side}/${i}.png`, 70, side === "blur" ? 20 + i : 30 + i);
  }
  return { sharp: join(folder, "sharp"), pairs: join(folder, "pairs") };
}

async function take(
  options: Partial<PairOptions>,
  { threads = 1, from = 0, count = 40 } = {},
): Promise<TrainingPair[]> {
  const pool = openPool({ threads, entry });
  onTestFinished(() => pool.close());
  const { stream } = await openTrainingPairs({ size: 32, kernelSize: 7, ...options }, { pool });
  const pairs: TrainingPair[] = [];
  for await (const pair of stream(from)) if (pairs.push(pair) === count) break;
  return pairs;
}

const hashes = (pairs: readonly TrainingPair[]) =>
  pairs.map(({ sharp, blurry, kernels = new Float32Array() }) =>
    createHash("sha256").update(sharp).update(blurry).update(kernels).digest("hex"),
  );

describe("a stream of training pairs", () => {
  test("has the same bytes with one thread and with two, and from the middle on", async () => {
    const folders = await pictures();
    const options = {
      sharp: [folders.sharp],
      pairs: [folders.pairs],
      gammas: [1, 2.2],
      keepKernels: true,
      crops: 3,
      open: 4,
    };
    const one = hashes(await take(options));
    expect(hashes(await take({ ...options, inFlight: 1 }))).toEqual(one);
    expect(hashes(await take({ ...options, inFlight: 13 }, { threads: 2 }))).toEqual(one);
    expect(hashes(await take(options, { threads: 2, from: 17, count: 23 }))).toEqual(one.slice(17));
    expect(new Set(one).size).toBe(40);
    expect(hashes(await take({ ...options, seed: 1 }))).not.toEqual(one);
  });

  test("mixes real pairs in by their share, without kernels", async () => {
    const { sharp, pairs } = await pictures();
    const options = {
      sharp: [sharp],
      pairs: [pairs],
      pairShare: 0.25,
      crops: 1,
      keepKernels: true,
    };
    const mixed = await take(options, { count: 64 });
    expect(mixed.filter(({ kernels }) => kernels === undefined).length).toBe(16);
    const real = await take({ pairs: [pairs] }, { count: 8 });
    expect(real.every(({ kernels, size }) => kernels === undefined && size === 32)).toBe(true);
  });

  test("makes no more than asked for while its consumer thinks", async () => {
    const { sharp } = await pictures();
    const pool = openPool({ threads: 2, entry });
    onTestFinished(() => pool.close());
    let made = 0;
    const counting: Pool = {
      ...pool,
      run(task, job, moved) {
        if (task === "synthesizePair") made++;
        return pool.run(task, job, moved);
      },
    };
    const options = { sharp: [sharp], size: 32, kernelSize: 7, inFlight: 3 };
    const { stream } = await openTrainingPairs(options, { pool: counting });
    let taken = 0;
    for await (const _ of stream()) {
      taken++;
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(made).toBeLessThanOrEqual(taken + 2);
      if (taken === 10) break;
    }
  });

  test("has the same size after 1,500 pairs as after 1,000", async () => {
    const { sharp, pairs } = await pictures();
    const pool = openPool({ threads: 1, entry });
    onTestFinished(() => pool.close());
    const options = { sharp: [sharp], pairs: [pairs], size: 16, kernelSize: 7 };
    const { stream } = await openTrainingPairs(options, { pool });
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const held: number[] = [];
    let taken = 0;
    for await (const _ of stream()) {
      if (++taken % 500 !== 0) continue;
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      held.push((heapUsed + arrayBuffers) / 2 ** 20);
      if (held.length === 3) break;
    }
    const [, early, late] = held as [number, number, number];
    // 500 pairs of this size are 3 MB.
    expect(late - early).toBeLessThan(0.5);
  });

  test("with surroundings blurs the pixels around a patch into it", async () => {
    const { sharp } = await pictures();
    const [beyond] = await take({ sharp: [sharp], surroundings: true, noise: 0 }, { count: 1 });
    const [alone] = await take({ sharp: [sharp], noise: 0 }, { count: 1 });
    expect(beyond?.sharp.length).toBe(alone?.sharp.length);
    expect(beyond?.blurry).not.toEqual(alone?.blurry);
  });
});

describe("invalid options are refused", () => {
  let folders: { sharp: string; pairs: string };
  const refusal = (options: Partial<PairOptions>) => take({ sharp: [folders.sharp], ...options });
  beforeAll(async () => {
    folders = { sharp: "nowhere", pairs: "nowhere" };
  });

  test.each<[Partial<PairOptions>, string]>([
    [{ sharp: [] }, "Expected a folder of sharp images or of pairs but received none"],
    [{ size: 0 }, "for size but received 0"],
    [{ kernelSize: 8 }, "Expected an odd integer from 3 to 127 for kernelSize but received 8"],
    [{ gammas: [] }, "for gammas"],
    [{ gammas: [0] }, "Expected a number from 0.1 to 10 for gammas but received 0"],
    [{ noise: Number.NaN }, "Expected a number from 0 to 1 for noise but received NaN"],
    [{ pairShare: 2 }, "for pairShare but received 2"],
    [{ seed: -1 }, "for seed but received -1"],
    [{ crops: 0 }, "for crops but received 0"],
    [{}, "nowhere: no such folder"],
  ])("%j", async (options, message) => {
    await expect(refusal(options)).rejects.toThrow(message);
  });

  test("a folder without images", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "a.txt"), "");
    await expect(refusal({ sharp: [folder] })).rejects.toThrow("Expected pictures but found none");
  });

  test("a file for a folder", async () => {
    const path = join(await temporaryFolder(), "a.png");
    await writeFile(path, "");
    await expect(refusal({ sharp: [path] })).rejects.toThrow("is not a folder");
  });
});
