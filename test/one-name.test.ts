/** One name, one thing: no two modules of src export declarations of the same name. Re-exports do not count. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const src = fileURLToPath(new URL("../src", import.meta.url));

const declaration =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|const|let|class|interface|type|enum) (\w+)/gm;

/** The names that several modules declare and export, each with these modules. */
function sharedNames(modules: ReadonlyMap<string, string>): Record<string, string[]> {
  const places = new Map<string, Set<string>>();
  for (const [path, text] of modules) {
    for (const [, name = ""] of text.matchAll(declaration)) {
      places.set(name, (places.get(name) ?? new Set()).add(path));
    }
  }
  const shared = [...places].filter(([, paths]) => paths.size > 1);
  return Object.fromEntries(shared.map(([name, paths]) => [name, [...paths].sort()]));
}

function modulesOfSrc(): Map<string, string> {
  const paths = readdirSync(src, { recursive: true, encoding: "utf8" });
  const modules = paths.filter((path) => path.endsWith(".ts"));
  return new Map(modules.map((path) => [path, readFileSync(`${src}/${path}`, "utf8")]));
}

test("no two modules export the same name", () => {
  const modules = modulesOfSrc();
  expect(modules.size).toBeGreaterThan(300);
  expect(sharedNames(modules)).toEqual({});
});

test.each([
  "export function deblurFile(): void {}",
  "export async function deblurFile(): Promise<void> {}",
  "export async function* deblurFile() {}",
  "export const deblurFile = () => {};",
  "export class deblurFile {}",
  "export type deblurFile = string;",
  "export interface deblurFile {}",
])("a planted second declaration is found: %s", (text) => {
  const modules = modulesOfSrc().set("planted.ts", `/** Planted. */\n${text}\n`);
  expect(Object.keys(sharedNames(modules))).toEqual(["deblurFile"]);
});

test.each([
  'export { deblurFile } from "./pipeline/run/deblur-file.ts";',
  'export type { deblurFile } from "./pipeline/run/deblur-file.ts";',
  "function deblurFile() {}",
  "/**\n * export function deblurFile\n */",
])("a re-export, a local name or a comment is no second declaration: %s", (text) => {
  expect(sharedNames(modulesOfSrc().set("door.ts", text))).toEqual({});
});
