import { describe, expect, it } from "vitest";
import { createOpened } from "../../../src/io/system/scope.ts";

describe("what was opened", () => {
  it("is closed last first, one after the other, once", async () => {
    const opened = createOpened();
    const log: string[] = [];
    for (const name of ["folder", "pool", "sink"]) {
      const thing = opened.add({ name }, async (it) => {
        log.push(`${it.name} closes`);
        await Promise.resolve();
        log.push(`${it.name} closed`);
      });
      expect(thing).toEqual({ name });
    }
    expect(await opened.closeAll()).toEqual([]);
    expect(await opened.closeAll()).toEqual([]);
    expect(log).toEqual(
      ["sink", "pool", "folder"].flatMap((name) => [`${name} closes`, `${name} closed`]),
    );
  });

  it("is closed also after something that cannot be", async () => {
    const opened = createOpened();
    let closed = 0;
    const close = async () => {
      closed++;
    };
    const problem = new Error("the disk is gone");
    opened.add("first", close);
    opened.add("second", () => Promise.reject(problem));
    opened.add("third", () => {
      throw problem;
    });
    opened.add("fourth", close);
    expect(await opened.closeAll()).toEqual([problem, problem]);
    expect(closed).toBe(2);
  });
});
