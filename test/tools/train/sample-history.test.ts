import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  bestOf,
  openSampleHistory,
  type SampleSheet,
  thinned,
} from "../../../src/tools/train/sample-history.ts";
import { temporaryFolder } from "../../io/sources/images.ts";

const sheet = (iteration: number, psnr: number): SampleSheet => ({
  iteration,
  found: { psnr, blurryPsnr: 20, reblurPsnr: undefined },
  samples: [{ restored: `data:${iteration}` }],
});
const pairs = [{ blurry: "data:b", sharp: "data:s" }];
/** Best at 3000. */
const psnrAt = (iteration: number) => 30 - Math.abs(iteration - 3000) / 1000;

test("however many measurements there are, the first, the best, the last and evenly spread others stay", async () => {
  const path = join(await temporaryFolder(), "samples.json");
  const history = await openSampleHistory(path, 0);
  for (let iteration = 100; iteration <= 20_000; iteration += 100)
    await history.add(pairs, sheet(iteration, psnrAt(iteration)));
  const kept = history.sheets.map(({ iteration }) => iteration);
  expect(kept).toHaveLength(12);
  expect([kept[0], kept.at(-1)]).toEqual([100, 20_000]);
  expect(kept).toContain(3000);
  const gaps = kept.slice(1).map((step, i) => step - (kept[i] as number));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(20_000 / 4);
  expect(JSON.parse(await readFile(path, "utf8")).sheets).toHaveLength(12);
});

test("a resumed run keeps the sheets of earlier steps, and makes the others again", async () => {
  const path = join(await temporaryFolder(), "samples.json");
  const first = await openSampleHistory(path, 0);
  for (const iteration of [10, 20, 30]) await first.add(pairs, sheet(iteration, 1));
  const again = await openSampleHistory(path, 25);
  expect(again.sheets.map(({ iteration }) => iteration)).toEqual([10, 20]);
  expect(again.pairs).toEqual(pairs);
  await writeFile(path, "{ cut sho");
  expect((await openSampleHistory(path, 25)).sheets).toEqual([]);
});

test("the best has the highest PSNR, or re-blurred PSNR where nothing is restored", () => {
  expect(bestOf([sheet(1, 20), sheet(2, 22), sheet(3, 22)])?.iteration).toBe(2);
  const reblurred = (iteration: number, reblurPsnr: number): SampleSheet => ({
    ...sheet(iteration, 0),
    found: { psnr: undefined, blurryPsnr: 20, reblurPsnr },
  });
  expect(bestOf([reblurred(1, 26), reblurred(2, 25)])?.iteration).toBe(1);
  expect(bestOf([])).toBeUndefined();
  expect(thinned([sheet(1, 3), sheet(2, 2), sheet(3, 1)], 1)).toHaveLength(2);
});
