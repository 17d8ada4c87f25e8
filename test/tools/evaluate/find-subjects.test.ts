import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findSubjects } from "../../../src/tools/evaluate/find-subjects.ts";
import { temporaryFolder } from "../../io/sources/images.ts";

test("an image, or a folder without a sharp side, gives blurry images without ground truth", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "in"));
  for (const name of ["b.jpg", "in/a.png", "notes.txt"]) await writeFile(join(folder, name), "");
  const lone = (name: string, path: string) => ({
    name,
    blurry: join(folder, path),
    sharp: undefined,
  });
  expect(await findSubjects(folder)).toEqual({
    subjects: [lone("b", "b.jpg"), lone("in/a", "in/a.png")],
    unpaired: [],
  });
  expect((await findSubjects(join(folder, "b.jpg"))).subjects).toEqual([lone("b", "b.jpg")]);
});

test("beside a sharp side, images without a partner are left out", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "sharp"));
  await writeFile(join(folder, "sharp/a.png"), "");
  await writeFile(join(folder, "b.png"), "");
  await expect(findSubjects(folder)).rejects.toThrow("found no such pair");
});
