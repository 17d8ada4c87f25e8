import { describe, expect, it } from "vitest";
import { openScope } from "../../../src/io/system/scope.ts";

describe("what was opened", () => {
  it("is closed last first, one after the other, once", async () => {
    const scope = openScope();
    const log: string[] = [];
    for (const name of ["folder", "pool", "sink"]) {
      const thing = scope.use({ name }, async (it) => {
        log.push(`${it.name} closes`);
        await Promise.resolve();
        log.push(`${it.name} closed`);
      });
      expect(thing).toEqual({ name });
    }
    expect(await scope.closeAll()).toEqual([]);
    expect(await scope.closeAll()).toEqual([]);
    expect(log).toEqual(
      ["sink", "pool", "folder"].flatMap((name) => [`${name} closes`, `${name} closed`]),
    );
  });

  it("is closed also after something that cannot be", async () => {
    const scope = openScope();
    let closed = 0;
    const close = async () => {
      closed++;
    };
    const problem = new Error("the disk is gone");
    scope.use("first", close);
    scope.use("second", () => Promise.reject(problem));
    scope.use("third", () => {
      throw problem;
    });
    scope.use("fourth", close);
    expect(await scope.closeAll()).toEqual([problem, problem]);
    expect(closed).toBe(2);
  });
});
