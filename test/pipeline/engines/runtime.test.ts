import { expect, it } from "vitest";
import { withScope } from "../../../src/io/system/scope.ts";
import { openCopyEngine } from "../../../src/model/engines/copy.ts";
import { openRuntime } from "../../../src/pipeline/engines/runtime.ts";
import { completeOptions } from "../../../src/pipeline/options/complete-options.ts";

it("disposes the engine of a run that is stopped during opening, before the run fails", async () => {
  const events: string[] = [];
  const stop = new AbortController();
  const openEngine = async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    stop.abort(new Error("stopped"));
    const engine = { ...openCopyEngine(), dispose: async () => void events.push("disposed") };
    return { engine, preset: undefined };
  };
  const context = { openEngine, signal: stop.signal };
  await withScope({}, (scope) => openRuntime(completeOptions({}), context, scope)).catch((reason) =>
    events.push(reason.message),
  );
  expect(events).toEqual(["disposed", "stopped"]);
});

it("disposes the engine that is still opening if no pool can be opened", async () => {
  const events: string[] = [];
  const openEngine = async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const engine = { ...openCopyEngine(), dispose: async () => void events.push("disposed") };
    return { engine, preset: undefined };
  };
  const impossible = { ...completeOptions({}), threads: -1 };
  const run = withScope({}, (scope) => openRuntime(impossible, { openEngine }, scope));
  await expect(run).rejects.toThrow("minThreads");
  expect(events).toEqual(["disposed"]);
});

it("fails with the engine's error if none can be opened, and has nothing to close", async () => {
  const notes: string[] = [];
  const openEngine = () => Promise.reject(new Error("no engine"));
  const run = withScope({ onNote: (note) => notes.push(note) }, (scope) =>
    openRuntime(completeOptions({}), { openEngine }, scope),
  );
  await expect(run).rejects.toThrow("no engine");
  expect(notes).toEqual([]);
});
