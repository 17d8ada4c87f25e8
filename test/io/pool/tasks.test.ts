/** A task is defined in its own room and run by name: the worker must export each, and nothing else. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import * as worker from "../../../src/pool-worker.ts";

const src = fileURLToPath(new URL("../../../src", import.meta.url));

/** The names in the calls of `poolTask` in a text. */
function tasksIn(text: string): readonly string[] {
  const definitions = text.matchAll(/PoolTask<typeof (\w+)> = poolTask\(\s*"(\w+)"/g);
  return [...definitions].map(([definition, type, name]) => {
    if (type !== name) throw new Error(`${definition}: the type is of another task`);
    return name as string;
  });
}

const modules = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => readFileSync(join(src, file), "utf8"));

test("every task that a module defines is exported by the worker, and the other way round", () => {
  expect(Object.keys(worker).sort()).toEqual(modules.flatMap(tasksIn).sort());
});

test("every definition of a task is read", () => {
  for (const text of modules) {
    const calls = text.match(/(?<!function )\bpoolTask[<(]/g) ?? [];
    expect(tasksIn(text)).toHaveLength(calls.length);
  }
});
