import { lastValueFrom, map, NEVER, of, toArray } from "rxjs";
import { expect, test } from "vitest";
import {
  type MakePair,
  type PairRecipe,
  type PatchSource,
  synthesize,
} from "../../../src/operators/pairs/synthesize.ts";
import { turns } from "../fakes.ts";
import { play } from "../flow/turn-marbles.ts";

const recipe: PairRecipe = {
  seed: 4,
  size: 2,
  kernelSize: 3,
  gammas: [1],
  noise: 0,
  keepKernels: false,
};
const visit = { number: 0, kind: "sharp", image: 0 } as const;
const plan = (index: number) => ({ index, visit, crop: index });
const source: PatchSource = {
  read: async ({ crop }) => ({ side: 2, sharp: new Uint8Array(12).fill(crop), blurry: undefined }),
};
const make: MakePair = async ({ index, patch, recipe: { size } }) => ({
  size,
  sharp: Float32Array.of(index),
  blurry: Float32Array.of(patch.sharp[0] as number),
  kernels: undefined,
});

test("the patch of a plan is read, and the pair gets the plan's index", async () => {
  const pairs = of(plan(3), plan(5)).pipe(synthesize(source, make, recipe), toArray());
  const made = await lastValueFrom(pairs);
  expect(made.map(({ sharp, blurry }) => [sharp[0], blurry[0]])).toEqual([
    [3, 3],
    [5, 5],
  ]);
});

test("errors of reading and making are emitted", async () => {
  const fail = async () => {
    throw new Error("no such picture");
  };
  const unread = of(plan(0)).pipe(synthesize({ read: fail }, make, recipe));
  await expect(lastValueFrom(unread)).rejects.toThrow("no such picture");
  const unmade = of(plan(0)).pipe(synthesize(source, fail, recipe));
  await expect(lastValueFrom(unmade)).rejects.toThrow("no such picture");
});

test("unsubscribing aborts reading, and no pair is made", async () => {
  let made = 0;
  let aborted = false;
  const slow: PatchSource = {
    async read(it, { signal }) {
      await turns(2);
      aborted = signal.aborted;
      return source.read(it, { signal });
    },
  };
  const counting: MakePair = (job, options) => {
    made++;
    return make(job, options);
  };
  const running = of(plan(0))
    .pipe(synthesize(slow, counting, recipe))
    .subscribe();
  running.unsubscribe();
  await turns(5);
  expect([aborted, made]).toEqual([true, 0]);
});

test("every plan that arrives is read at once", async () => {
  let reading = 0;
  const hanging: PatchSource = {
    read() {
      reading++;
      return lastValueFrom(NEVER);
    },
  };
  const running = of(plan(0), plan(1))
    .pipe(synthesize(hanging, make, recipe))
    .subscribe();
  await turns(2);
  expect(reading).toBe(2);
  running.unsubscribe();
});

/** Plans 0, 1 and 2 as a, b and c; making them takes 5, 2 and 2 frames; `failing` fails. */
const playing = async (
  marbles: string,
  more: { failing?: number; unsubscribeAt?: number } = {},
) => {
  const begun: number[] = [];
  const work: Parameters<typeof play>[1] = (letters, wait) => {
    const slow: MakePair = async (job, options) => {
      begun.push(job.index);
      await wait(job.index === 0 ? 5 : 2);
      if (job.index === more.failing) throw new Error("no room");
      return make(job, options);
    };
    return letters.pipe(
      map((letter) => plan("abc".indexOf(letter))),
      synthesize(source, slow, recipe),
      map(({ sharp }) => "abc"[sharp[0] as number] as string),
    );
  };
  return { begun, ...(await play(marbles, work, more)) };
};

test("over marbles: pairs come as they are ready; the last one completes it", async () => {
  expect(await playing("abc|")).toMatchObject({ out: "---bc(a|)", source: "^--!" });
});

test("over marbles: an error of a pair or of the source ends it; no more pairs are made", async () => {
  const failed = await playing("ab--c|", { failing: 1 });
  expect(failed).toMatchObject({ out: "---#", source: "^--!", error: new Error("no room") });
  expect(failed.begun).toEqual([0, 1]);
  expect(await playing("a#")).toMatchObject({ out: "-#", source: "^!", error: "gone" });
  const left = await playing("ab--c|", { unsubscribeAt: 2 });
  expect(left).toMatchObject({ out: "", source: "^-!", begun: [0, 1] });
});
