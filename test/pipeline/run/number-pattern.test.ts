import { expect, test } from "vitest";
import { numberPattern } from "../../../src/pipeline/run/number-pattern.ts";

test("writes numbers as FFmpeg does, and reads only names that it would write", () => {
  const pattern = numberPattern("shots/100%%_%04d.png");
  expect(pattern?.folder).toBe("shots");
  expect(pattern?.path(7)).toBe("shots/100%_0007.png");
  expect(pattern?.path(12345)).toBe("shots/100%_12345.png");
  const numberOf = (name: string) => pattern?.numberOf(name);
  expect(numberOf("100%_0007.png")).toBe(7);
  expect(numberOf("100%_12345.png")).toBe(12345);
  for (const name of [
    "100%_7.png",
    "100%_00007.png",
    "100%_0007.jpg",
    "100%_.png",
    "100%_-007.png",
  ])
    expect(numberOf(name)).toBeUndefined();
  expect(numberPattern("%d")?.numberOf("10")).toBe(10);
  expect(numberPattern("%d")?.numberOf("010")).toBeUndefined();
});

test.each(["plain.png", "100%.png", "%%d.png", "%s.png", "%4d.png", "%02d-%02d.png", "%d/a.png"])(
  "does not take %s for a pattern",
  (path) => {
    expect(numberPattern(path)).toBeUndefined();
  },
);
