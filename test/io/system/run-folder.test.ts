import { readdir, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { openRunFolder } from "../../../src/io/system/run-folder.ts";
import { temporaryFolder } from "../sources/images.ts";

test("each run gets a hidden folder of its own beside the output", async () => {
  const parent = await temporaryFolder();
  const output = join(parent, "sharp.png");
  const [one, two] = [await openRunFolder(output), await openRunFolder(output)];
  expect(one.path).not.toBe(two.path);
  for (const { path } of [one, two]) {
    expect(dirname(path)).toBe(parent);
    expect(basename(path)).toMatch(/^\.sharp\.png\.deblur-\w{6}$/);
    expect((await stat(path)).isDirectory()).toBe(true);
  }
});

test("removing deletes all that is in it, twice is fine, and nothing else", async () => {
  const parent = await temporaryFolder();
  await writeFile(join(parent, "mine"), "");
  const folder = await openRunFolder(join(parent, "out.png"));
  await writeFile(join(folder.path, "rest"), "");
  await folder.remove();
  await folder.remove();
  expect(await readdir(parent)).toEqual(["mine"]);
});

test("the longest name a file can have still gives a folder", async () => {
  const parent = await temporaryFolder();
  const folder = await openRunFolder(join(parent, `${"ü".repeat(125)}.png`));
  expect(await readdir(parent)).toHaveLength(1);
  await folder.remove();
});

test("a folder that is missing, or is a file, is an OutputError naming the output", async () => {
  const parent = await temporaryFolder();
  const missing = join(parent, "no", "out.png");
  await expect(openRunFolder(missing)).rejects.toMatchObject({
    _tag: "OutputError",
    message: `${missing}: the folder ${join(parent, "no")} does not exist; create it first`,
  });
  await writeFile(join(parent, "file"), "");
  const inFile = join(parent, "file", "out.png");
  await expect(openRunFolder(inFile)).rejects.toMatchObject({
    _tag: "OutputError",
    message: `${inFile}: ${join(parent, "file")} is not a folder`,
  });
});
