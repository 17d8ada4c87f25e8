/** What the package promises by name: a change here is a change for its users. */
import { readFileSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { needs } from "./helpers/needs.ts";

const described = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const doors = Object.keys(described.exports).filter((door) => !door.endsWith(".json"));

test("the package is entered by these doors", () => {
  expect(doors).toEqual([".", "./video", "./shards", "./operators", "./model", "./train"]);
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
  expect(described.allowScripts).toEqual({ "onnxruntime-node": false });
});

needs("permissions to run files", process.platform !== "win32").test(
  "the built command can be run, also where npm linked it before",
  () => {
    const { mode } = statSync(new URL(`../${described.bin.deblur}`, import.meta.url));
    expect(mode & 0o111).toBe(0o111);
  },
);
