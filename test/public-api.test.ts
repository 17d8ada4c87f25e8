/** What the package promises by name: a change here is a change for its users. */
import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { needs } from "./helpers/needs.ts";

const described = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const doors = Object.keys(described.exports).filter((door) => !door.endsWith(".json"));

test("the package is entered by these doors", () => {
  expect(doors).toEqual([
    ".",
    "./video",
    "./shards",
    "./queue",
    "./operators",
    "./model",
    "./train",
  ]);
});

test.each(doors)("the names behind %s are these", async (door) => {
  // By the name others use: what package.json says of it is tried, too.
  const names = Object.keys(await import(door.replace(".", "rx-deblur")));
  expect(names.sort().join("\n")).toMatchSnapshot();
});

test("the main door shows at most 40 names, types counted", async () => {
  const { exportsOf } = await import(new URL("../docs/reference.js", import.meta.url).href);
  const door = readFileSync(new URL("../src/index.ts", import.meta.url), "utf8");
  const names = exportsOf(door).map(({ name }: { name: string }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toContain("RunContext");
  expect(names.length).toBeLessThanOrEqual(40);
});

test("types of the package need no types of TensorFlow.js, which do not compile without skipLibCheck", () => {
  const seen = new Set<string>();
  const packages = new Map<string, string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const text = readFileSync(path, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
    for (const [, from = ""] of text.matchAll(/(?:from|import\()\s*"([^"]+)"/g)) {
      if (from.startsWith(".")) visit(join(dirname(path), from.replace(/\.ts$/, ".d.ts")));
      else packages.set(from, path);
    }
  };
  for (const door of doors) {
    visit(fileURLToPath(new URL(`../${described.exports[door].types}`, import.meta.url)));
  }
  expect(seen.size).toBeGreaterThan(100);
  expect([...packages.keys()].filter((name) => !name.startsWith("node:")).sort()).toEqual(["rxjs"]);
});

test("RxJS is the caller's copy: TypeScript refuses Observables of two copies", () => {
  expect(described.peerDependencies.rxjs).toBe("~7.8.0");
  expect(described.peerDependenciesMeta.rxjs).toBeUndefined();
  expect(described.dependencies.rxjs).toBeUndefined();
});

test("npm runs no install script of a package here: npm 10 by the lock file, later ones by package.json", () => {
  const { packages } = JSON.parse(
    readFileSync(new URL("../package-lock.json", import.meta.url), "utf8"),
  );
  const scripted = Object.keys(packages).filter((name) => packages[name].hasInstallScript);
  expect(scripted).toEqual([]);
  expect(described.allowScripts).toEqual({ "onnxruntime-node": false, "msgpackr-extract": false });
});

needs("permissions to run files", process.platform !== "win32").test(
  "the built command can be run, also where npm linked it before",
  () => {
    const { mode } = statSync(new URL(`../${described.bin.deblur}`, import.meta.url));
    expect(mode & 0o111).toBe(0o111);
  },
);
