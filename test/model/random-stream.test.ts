import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { philox } from "../../src/model/random.ts";
import { openStream, type StreamName } from "../../src/model/random-stream.ts";

const numbers = (name: StreamName, count = 12) => {
  const stream = openStream(name);
  return Array.from({ length: count }, () => stream.uniform());
};

describe("a random stream", () => {
  it("returns the generator's words in order", () => {
    const words = [0, 1].flatMap((block) => philox([block, 5, 2, 1], [7, 1]));
    const name = { seed: 2 ** 32 + 7, purpose: "blur", index: 5 } as const;
    expect(numbers(name, 8)).toEqual(words.map((word) => word / 2 ** 32));
  });

  it("differs for another seed, purpose or index", () => {
    const names: StreamName[] = [0, 1, 2 ** 32].flatMap((seed) =>
      (["order", "crop", "blur", "noise", "kernel"] as const).flatMap((purpose) =>
        [0, 1, 2 ** 32 - 1].map((index) => ({ seed, purpose, index })),
      ),
    );
    expect(new Set(names.map((name) => numbers(name).join())).size).toBe(names.length);
  });

  it("returns every integer below n evenly, and no other", () => {
    const random = openStream({ seed: 1, purpose: "order", index: 0 });
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 7000; i++) (counts[random.below(7)] as number)++;
    expect(counts.length).toBe(7);
    // Five standard deviations of a binomial with 7000 trials.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(147);
  });

  it("has distinct normals of mean 0 and variance 1", () => {
    const random = openStream({ seed: 1, purpose: "noise", index: 0 });
    const drawn = Array.from({ length: 20_000 }, () => random.normal());
    const mean = (f: (v: number) => number) => drawn.reduce((sum, v) => sum + f(v), 0) / 20_000;
    expect(Math.abs(mean((v) => v))).toBeLessThan(0.036);
    expect(Math.abs(mean((v) => v * v) - 1)).toBeLessThan(0.05);
    expect(new Set(drawn).size).toBe(20_000);
  });

  it("picks elements of a list only", () => {
    const list = fc.array(fc.nat(), { minLength: 1 });
    fc.assert(
      fc.property(list, fc.nat(), (words, seed) => {
        expect(words).toContain(openStream({ seed, purpose: "order", index: 0 }).pick(words));
      }),
    );
  });
});
