import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { findPairs } from "../../../src/io/sources/find-pairs.ts";
import { temporaryFolder } from "./images.ts";

/** A folder with these empty files. */
async function tree(...paths: string[]): Promise<string> {
  const folder = await temporaryFolder();
  for (const path of paths) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await writeFile(join(folder, path), "");
  }
  return folder;
}

test.each([
  { layout: "blur and sharp", blurry: "blur/a.png", sharp: "sharp/a.png", name: "a" },
  { layout: "input and target", blurry: "input/a.png", sharp: "target/a.jpg", name: "a" },
  { layout: "all formats we read", blurry: "blur/a.HEIC", sharp: "sharp/a.gif", name: "a" },
  {
    layout: "GoPro's tree",
    blurry: "test/GOPR0384_11_00/blur/000001.png",
    sharp: "test/GOPR0384_11_00/sharp/000001.png",
    name: "test/GOPR0384_11_00/000001",
  },
  {
    layout: "REDS' tree",
    blurry: "val/val_blur/000/00000000.png",
    sharp: "val/val_sharp/000/00000000.png",
    name: "val/000/00000000",
  },
  {
    layout: "HIDE's tree",
    blurry: "test/test-close-ups/1fromGOPR0950.png",
    sharp: "GT/1fromGOPR0950.png",
    name: "test/1fromGOPR0950",
  },
  {
    layout: "RealBlur's tree",
    blurry: "scene230/blur/blur_9.png",
    sharp: "scene230/gt/gt_9.png",
    name: "scene230/9",
  },
])("finds $layout", async ({ blurry, sharp, name }) => {
  const folder = await tree(blurry, sharp, "README.md");
  const expected = { name, blurry: join(folder, blurry), sharp: join(folder, sharp) };
  expect(await findPairs(folder)).toEqual({ pairs: [expected], unpaired: [] });
});

test("GoPro's gamma-corrected copies are no second blurry side", async () => {
  const folder = await tree("a/blur/1.png", "a/blur_gamma/1.png", "a/sharp/1.png");
  expect((await findPairs(folder)).pairs.map(({ name }) => name)).toEqual(["a/1"]);
});

test("equal file names of different scenes stay apart, and what has no partner is named", async () => {
  const folder = await tree("a/blur/1.png", "a/sharp/1.png", "b/blur/1.png", "c/sharp/2.png");
  const { pairs, unpaired } = await findPairs(folder);
  expect(pairs.map(({ name }) => name)).toEqual(["a/1"]);
  expect(unpaired).toEqual(["b/blur/1.png", "c/sharp/2.png"]);
});

test("a list names its pairs, sharp first", async () => {
  const folder = await tree("s/gt/gt_1.png", "s/blur/blur_1.png");
  const list = join(folder, "list.txt");
  await writeFile(list, "s/gt/gt_1.png s/blur/blur_1.png\n\n");
  const [pair] = (await findPairs(list)).pairs;
  expect(pair?.blurry).toBe(join(folder, "s/blur/blur_1.png"));
  expect(pair?.sharp).toBe(join(folder, "s/gt/gt_1.png"));
  await writeFile(list, "one two three\n");
  await expect(findPairs(list)).rejects.toThrow('in line 1 but found "one two three"');
});

test("a folder without pairs says what was looked for", async () => {
  await expect(findPairs(await tree("photo.png"))).rejects.toThrow("blur and sharp");
  await expect(findPairs(await tree())).rejects.toThrow("an empty folder");
  await expect(findPairs("/no/such/folder")).rejects.toThrow("no such file or folder");
  const twice = await tree("blur/a.png", "blur/a.jpg", "sharp/a.png");
  await expect(findPairs(twice)).rejects.toThrow("the same picture's blurry side");
});
