/** The reference is made from the docstrings: each exported name has one, and docs/reference/ is what they say now. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const root = new URL("../docs/", import.meta.url);
const { doors, referenceOf } = await import(new URL("reference.js", root).href);

test.each(Object.keys(doors))("docs/reference/%s.md is up to date: else npm run docs", (door) => {
  const page = readFileSync(new URL(`reference/${door}.md`, root), "utf8");
  expect(page).toBe(referenceOf(door));
});
