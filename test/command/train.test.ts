/** Tests `deblur train` of the built command: stages in order, stopping, resuming, refusals, failures. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NetConfig } from "../../src/model/config.ts";
import { buildNet } from "../../src/model/nets/build-net.ts";
import { initialWeights } from "../../src/model/training/initial-weights.ts";
import { configMetadata } from "../../src/model/weights/metadata.ts";
import { readSafetensors } from "../../src/model/weights/safetensors.ts";
import type { Tensor } from "../../src/model/weights/weights.ts";
import { writeSafetensors } from "../../src/model/weights/write-safetensors.ts";
import type { TrainRecord } from "../../src/tools/train/train-log.ts";
import { type Ended, type RunOptions, runDeblur, signalAtWord } from "../helpers/run-deblur.ts";
import { imageOf, noise, samplesOf } from "../io/sources/images.ts";

const tiny: NetConfig = {
  ...{ width: 2, keBase: 2, kernelSize: 5, kernelStride: 4, trainPatch: 16 },
  ...{ encoderBlocks: [1, 1, 1, 2], middleBlocks: 1, decoderBlocks: [1, 1, 1, 1] },
};

/** Milliseconds: a hook that trains has as much time as a test. */
const patience = 60_000;

let folder: string;
let outputs = 0;

async function putWeights(name: string, change: (tensors: Map<string, Tensor>) => void) {
  const tensors = initialWeights(tiny, 3);
  change(tensors);
  await writeFile(join(folder, name), writeSafetensors(tensors, configMetadata(tiny), "F32"));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-train-"));
  for (const [place, count] of [
    ["photos", 3],
    ["pairs/blur", 2],
    ["pairs/sharp", 2],
  ] as const) {
    await mkdir(join(folder, place), { recursive: true });
    for (let i = 0; i < count; i++) {
      const image = { width: 48 + i, height: 40, channels: 3, bits: 8 } as const;
      await imageOf(noise(image, i + 1), image).toFile(join(folder, place, `${i}.png`));
    }
  }
  // Small changes only, because the guard refuses large residuals of an untrained net.
  await putWeights("tiny.safetensors", (tensors) => {
    const ending = tensors.get("ending.weight");
    for (const [i, v] of ending?.data.entries() ?? []) if (ending) ending.data[i] = v / 50;
  });
  await putWeights("burst.safetensors", (tensors) => {
    tensors.get("ending.weight")?.data.fill(1e30);
  });
  await putWeights("untrained.safetensors", (tensors) => {
    for (const name of tensors.keys()) if (name.startsWith("flow.net.8")) tensors.delete(name);
  });
});

afterAll(() => rm(folder, { recursive: true }));

const restore = ["--data", "photos", "--patch", "16", "--batch", "2", "--log-every", "1"];
const newOut = () => `run-${outputs++}`;

const train = (words: string, more: readonly string[] = [], options: Partial<RunOptions> = {}) =>
  runDeblur(["train", ...words.split(" "), ...more], { cwd: folder, patience, ...options });

const read = async (...path: string[]) => readSafetensors(await readFile(join(folder, ...path)));

/** Returns the numbers of a run's log without its times. */
async function recordsOf(out: string) {
  const lines = (await readFile(join(folder, out, "log.jsonl"), "utf8")).trim().split("\n");
  return lines.map((line) => {
    const { seconds, waited, ...numbers } = JSON.parse(line) as TrainRecord;
    expect(waited).toBeGreaterThanOrEqual(0);
    expect(waited).toBeLessThanOrEqual(1);
    return numbers;
  });
}

describe("stages one after the other", () => {
  it("leave weights that deblur runs, a log, a chart and their provenance", async () => {
    const out = newOut();
    const flow = `flow --out ${out} --init tiny.safetensors --iterations 3 --batch 8`;
    expect(await train(flow)).toMatchObject({ code: 0, stdout: "" });
    const validate = ["--validate", "pairs", "--validate-every", "1"];
    const pairs = ["--pairs", "pairs", ...validate, "--preview", `${out}/look`];
    const kernels = await train(`kernels --out ${out} --iterations 2`, [...restore, ...pairs]);
    expect(kernels).toMatchObject({ code: 0, stdout: "" });
    expect(kernels.stderr).toMatch(
      /kernels 2\/2 {2}loss .* waited [\d.]+ % .* re-blurred [\d.]+ dB/,
    );
    const last = await train(`restore --out ${out} --iterations 2 --json`, [...restore, ...pairs]);
    expect(last.code).toBe(0);
    const reports = last.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(reports).toMatchObject([{ iteration: 1, validation: {} }, { iteration: 2 }]);

    expect((await readdir(join(folder, out))).sort()).toEqual([
      "flow.checkpoint.safetensors",
      "flow.html",
      "flow.safetensors",
      "kernels.checkpoint.safetensors",
      "kernels.html",
      "kernels.safetensors",
      "kernels.samples.json",
      "log.jsonl",
      "log.md",
      "look",
      "restore.checkpoint.safetensors",
      "restore.html",
      "restore.safetensors",
      "restore.samples.json",
    ]);
    expect((await recordsOf(out)).map(({ iteration }) => iteration)).toEqual([3, 1, 2, 1, 2]);
    const table = await readFile(join(folder, out, "log.md"), "utf8");
    const rows = table.split("\n").slice(2, -1);
    expect(rows.map((row) => row.split("|").slice(1, 3).join().replace(/ /g, ""))).toEqual([
      ...["flow,3", "kernels,1", "kernels,2", "restore,1", "restore,2"],
    ]);
    // The pairs of this test are equal images: nothing is finite over their blurry PSNR.
    for (const row of rows.slice(3)) expect(row).toMatch(/ 2 of 16 \|.* [\d.]+ \| +\| +[\d.]+ \|$/);
    // Eight pairs of 16 pixels: sharp, blurry, kernels.
    const sheet = {
      width: 3 * 16 + 2 * 4,
      height: 8 * (16 + 4) - 4,
      channels: 3,
      bits: 8,
    } as const;
    const shown = await samplesOf(join(folder, out, "look", "pairs.png"), sheet);
    expect(new Set(shown).size).toBeGreaterThan(100);
    const page = await readFile(join(folder, out, "restore.html"), "utf8");
    const [, data = ""] = /id="data">(.*?)<\/script>/s.exec(page) ?? [];
    const { records, samples } = JSON.parse(data);
    expect(records.map(({ iteration }: { iteration: number }) => iteration)).toEqual([1, 2]);
    // One sheet per measurement, with both pairs.
    expect(samples.sheets).toMatchObject([{ iteration: 1 }, { iteration: 2 }]);
    for (const sheet of samples.sheets)
      expect(sheet.samples.map((of: object) => Object.keys(of))).toEqual(
        Array(2).fill(["restored", "kernels"]),
      );
    expect(samples.pairs.map((pair: object) => Object.keys(pair))).toEqual(
      Array(2).fill(["blurry", "sharp"]),
    );

    const trained = await read(out, "restore.safetensors");
    expect(buildNet(trained, "tlc").config).toEqual(tiny);
    expect(JSON.parse(trained.metadata["card"] ?? "")).toMatchObject({
      stage: "restore",
      iterations: 2,
      photographs: "3 of photos",
      pairs: "2 of pairs",
    });
    const before = await read(out, "kernels.safetensors");
    const moved = [...trained.tensors].filter(
      ([name, { data }]) => `${data}` !== `${before.tensors.get(name)?.data}`,
    );
    expect(
      moved.map(([name]) => name).filter((name) => /^(flow|kernel_extra)\./.test(name)),
    ).toEqual([]);
    expect(moved.length).toBeGreaterThan(100);

    const weights = ["--weights", `${out}/restore.safetensors`];
    const words = ["photos/0.png", "-o", `${out}/sharp.png`, ...weights];
    expect(await runDeblur(words, { cwd: folder })).toMatchObject({ code: 0 });
  });

  it.each([
    ["direct", "onnx"],
    ["direct", "tfjs-wasm"],
    ["none", "onnx"],
  ])("train with kernels from %s, on %s", async (source, engine) => {
    const out = newOut();
    const own = ["--kernel-source", source, "--init", "tiny.safetensors", ...restore];
    if (source === "direct") {
      expect(await train(`kernels --out ${out} --iterations 1`, own)).toMatchObject({ code: 0 });
    }
    expect(await train(`restore --out ${out} --iterations 1`, own)).toMatchObject({ code: 0 });
    const weights = ["--weights", `${out}/restore.safetensors`, "--engine", engine];
    const words = ["photos/0.png", "-o", `${out}/sharp.png`, ...weights];
    expect(await runDeblur(words, { cwd: folder })).toMatchObject({ code: 0 });
  });
});

/** Sends the signal when a step is reported. */
const stopped = (
  words: string,
  more: readonly string[],
  signal: NodeJS.Signals,
  step: number,
): Promise<Ended> =>
  train(words, [...more, "--json"], { env: signalAtWord(signal, `"iteration":${step},`) });

it("serves its page to this machine while it runs, and no longer", async () => {
  const out = newOut();
  let page: Promise<string> | undefined;
  let at = "";
  const polled = async (address: string): Promise<string> => {
    for (;;) {
      const response = await fetch(address);
      if (response.ok) return response.text();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  // More steps than needed: the run is stopped after the page was read.
  const words = `restore --out ${out} --init tiny.safetensors --iterations 100000 --serve 0`;
  const ended = await train(words, restore, {
    during: (child) =>
      child.stderr?.on("data", (text: Buffer) => {
        const [address] = /http:\/\/127\.0\.0\.1:\d+\//.exec(`${text}`) ?? [];
        if (address === undefined || page !== undefined) return;
        at = address;
        page = polled(address).finally(() => child.kill("SIGINT"));
        page.catch(() => {});
      }),
  });
  expect(ended.code).toBe(130);
  expect(await page).toMatch(/<title>stage restore<\/title>/);
  await expect(fetch(at)).rejects.toThrow();
});

describe("a run that was stopped", () => {
  const words = (out: string) => `restore --out ${out} --init tiny.safetensors --iterations 12`;
  let whole: string;

  beforeAll(async () => {
    whole = newOut();
    expect(await train(words(whole), restore)).toMatchObject({ code: 0 });
  }, patience);

  /** Expects the log and the bytes of weights of the undisturbed run. */
  async function expectSame(out: string): Promise<void> {
    expect(await recordsOf(out)).toEqual(await recordsOf(whole));
    const [found, expected] = [out, whole].map((run) =>
      readFile(join(folder, run, "restore.safetensors")),
    );
    expect((await found)?.equals((await expected) as Buffer)).toBe(true);
  }

  it("resumes with the same numbers after SIGINT", async () => {
    const out = newOut();
    const ended = await stopped(words(out), restore, "SIGINT", 1);
    expect(ended.code).toBe(130);
    expect(ended.stderr).toMatch(/stopped after \d+ steps; the same command resumes/);
    expect((await recordsOf(out)).length).toBeLessThan(12);
    const again = await train(words(out), restore);
    expect(again.stderr).toMatch(/resumes after \d+ steps/);
    await expectSame(out);
  });

  it("resumes from its last checkpoint with the same numbers after a power failure", async () => {
    const out = newOut();
    const often = [...restore, "--checkpoint-minutes", "0.00001"];
    // The step before has a checkpoint by then.
    expect((await stopped(words(out), often, "SIGKILL", 2)).code).toBeNull();
    expect((await train(words(out), restore)).stderr).toMatch(/resumes after \d+ steps/);
    await expectSame(out);
  });

  it("reports that it is finished, and changes nothing", async () => {
    const ended = await train(words(whole), restore);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(/stage restore is already trained for (\d+) of \1 steps\n/);
    await expectSame(whole);
  });

  it("does not resume with other options, and names them", async () => {
    const ended = await train(`${words(whole)} --seed 5 --lr 2e-3`, restore);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain(
      "lr 0.001, now 0.002; seed 0, now 5; give those, or another --out",
    );
    await expectSame(whole);
  });

  it("plans the steps of a run in minutes after the first twenty", async () => {
    const out = newOut();
    const minutes = `restore --out ${out} --init tiny.safetensors --minutes 0.001`;
    expect(await train(minutes, restore)).toMatchObject({ code: 0 });
    const iterations = (await recordsOf(out)).map(({ iteration }) => iteration);
    expect(iterations).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });
});

describe("a run whose patches grow", () => {
  const words = (out: string) => `restore --out ${out} --init tiny.safetensors --iterations 10`;
  const growing = ["--data", "photos", "--pairs", "pairs", "--log-every", "1", "--batch", "4"];
  const own = [...growing, "--patch", "16:0.5,32:0.5", "--fft-loss", "0.1"];
  const simulation = ["--jpeg", "0.5", "--gamma", "1,2.2", "--noise", "0.02", "--reduce", "1,2"];
  let whole: string;

  beforeAll(async () => {
    whole = newOut();
    const ended = await train(words(whole), [...own, ...simulation]);
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.stderr).toContain("; 4 patches of 16 a step, from 3 photographs and 2 pairs\n");
    expect(ended.stderr).toContain("from step 6 on 1 patch of 32 a step\n");
  }, patience);

  it("logs its patches, with as many pixels a step, and records the schedule", async () => {
    const records = await recordsOf(whole);
    expect(records.map(({ patch, batch }) => [patch, batch])).toEqual([
      ...Array(5).fill([16, 4]),
      ...Array(5).fill([32, 1]),
    ]);
    const { metadata } = await read(whole, "restore.safetensors");
    expect(JSON.parse(metadata["card"] ?? "")).toMatchObject({ patch: "16:0.5,32:0.5", batch: 4 });
    // The pooling of the restorer at inference follows the last side.
    expect(buildNet(await read(whole, "restore.safetensors"), "tlc").config.trainPatch).toBe(32);
  });

  it.each([3, 5, 7])("resumes with the same numbers after step %i", async (step) => {
    const out = newOut();
    const all = [...own, ...simulation];
    expect((await stopped(words(out), all, "SIGINT", step)).code).toBe(130);
    expect((await train(words(out), all)).stderr).toMatch(/resumes after \d+ steps/);
    expect(await recordsOf(out)).toEqual(await recordsOf(whole));
    const [found, expected] = [out, whole].map((run) =>
      readFile(join(folder, run, "restore.safetensors")),
    );
    expect((await found)?.equals((await expected) as Buffer)).toBe(true);
  });

  it("does not resume with another schedule, loss or simulation", async () => {
    const ended = await train(words(whole), [...growing, "--patch", "16:0.4,32:0.6"]);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain("patch 16:0.5,32:0.5, now 16:0.4,32:0.6");
    for (const name of ["fft-loss 0.1", "jpeg 0.5", "gamma 1,2.2", "noise 0.02", "reduce 1,2"])
      expect(ended.stderr).toContain(`${name}, now none`);
  });

  it("in minutes begins with the first side, and resumes", async () => {
    const out = newOut();
    const minutes = `restore --out ${out} --init tiny.safetensors --minutes 0.001`;
    expect(await train(minutes, own)).toMatchObject({ code: 0 });
    expect((await recordsOf(out)).map(({ patch }) => patch)).toEqual(Array(20).fill(16));
  });

  it("ends before its first step where no image has room for the largest side", async () => {
    const out = newOut();
    const large = ["--data", "photos", "--patch", "16:0.5,64:0.5", "--init", "tiny.safetensors"];
    const ended = await train(`restore --out ${out} --iterations 10`, large);
    expect(ended.code).toBe(65);
    expect(ended.stderr).toContain("Expected at least 64×64 pixels but found 48×40");
    expect(await readdir(join(folder, out))).toEqual([]);
  });
});

describe("a run with known kernels", () => {
  const own = ["--data", "photos", "--pairs", "pairs", "--patch", "32", "--batch", "4"];
  const words = (out: string) => `kernels --out ${out} --init tiny.safetensors --iterations 4`;
  const weighted = [...own, "--log-every", "1", "--kernel-truth", "0.05"];

  it("adds their error in batches mixed with real pairs, also among workers, and resumes", async () => {
    const [out, plain, both, again] = [newOut(), newOut(), newOut(), newOut()];
    expect(await train(words(out), weighted)).toMatchObject({ code: 0 });
    expect(await train(words(plain), [...own, "--log-every", "1"])).toMatchObject({ code: 0 });
    expect(await train(words(both), [...weighted, "--workers", "2"])).toMatchObject({ code: 0 });
    const [losses, without, shared] = await Promise.all(
      [out, plain, both].map(async (run) => (await recordsOf(run)).map(({ loss }) => loss)),
    );
    expect(losses?.[0]).not.toBeCloseTo(without?.[0] as number, 3);
    expect(shared?.[0]).toBeCloseTo(losses?.[0] as number, 5);
    expect((await stopped(words(again), weighted, "SIGINT", 2)).code).toBe(130);
    expect(await train(words(again), weighted)).toMatchObject({ code: 0 });
    expect(await recordsOf(again)).toEqual(await recordsOf(out));
  });
});

describe("a run of two workers", () => {
  const words = (out: string) => `restore --out ${out} --init tiny.safetensors --iterations 6`;
  const two = [...restore, "--workers", "2", "--threads", "2"];
  let both: string;

  beforeAll(async () => {
    both = newOut();
    expect(await train(words(both), two)).toMatchObject({ code: 0 });
  }, patience);

  it("has the losses of one worker, apart from rounding", async () => {
    const alone = newOut();
    // The pairs are equal too, for any number of threads.
    const one = [...restore, "--threads", "1"];
    expect(await train(words(alone), one)).toMatchObject({ code: 0 });
    const [expected, found] = [await recordsOf(alone), await recordsOf(both)];
    expect(found.map(({ iteration }) => iteration)).toEqual([1, 2, 3, 4, 5, 6]);
    for (const [i, { loss, norm }] of found.entries()) {
      // The first steps depend on the signs of gradients alone, which rounding flips for tiny gradients.
      expect(loss).toBeCloseTo(expected[i]?.loss as number, i === 0 ? 5 : 2);
      if (i === 0) expect(norm / (expected[0]?.norm as number)).toBeCloseTo(1, 4);
    }
  });

  it("ends with SIGINT and resumes with the same numbers, but not with another number of workers", async () => {
    const out = newOut();
    expect((await stopped(words(out), two, "SIGINT", 1)).code).toBe(130);
    expect((await train(words(out), restore)).stderr).toContain("workers 2, now none");
    expect((await train(words(out), two)).stderr).toMatch(/resumes after \d+ steps/);
    expect(await recordsOf(out)).toEqual(await recordsOf(both));
    const [found, whole] = [out, both].map((run) =>
      readFile(join(folder, run, "restore.safetensors")),
    );
    expect((await found)?.equals((await whole) as Buffer)).toBe(true);
  });
});

describe("a run that cannot train", () => {
  it.each([
    ["restore --out o --iterations 1", "Expected --data or --pairs for stage restore"],
    ["restore --out o --data photos", "Expected one of --iterations, --minutes but received none"],
    ["kernels --out o --data photos --iterations 1", ": run deblur train flow first"],
    ["restore --out o --data photos --iterations 1 --init untrained.safetensors", "trained flow"],
    ["flow --out o --iterations 1 --kernel-source direct", "Expected a stage that a net of"],
    ["speed --out o --iterations 1", "Expected one of flow, kernels, restore for the stage"],
    ["flow --out o --iterations 1 --lr 0", "Expected a number above 0"],
    ["flow --iterations 1", "Expected --out DIR"],
    ["flow --out o --iterations 1 --workers 2", "Expected at most 1 --workers for stage flow"],
    ["kernels --out o --data photos --iterations 1 --workers 5", "of 4 patches a step"],
    [
      "restore --out o --data photos --iterations 1 --workers 2 --patch 64:0.5,128:0.5",
      "Expected at most 1 --workers for stage restore",
    ],
    [
      "restore --out o --data photos --iterations 1 --kernel-truth 1",
      "Expected stage kernels with --data, whose blur is simulated, for --kernel-truth",
    ],
    [
      "kernels --out o --pairs pairs --iterations 1 --kernel-truth 1",
      "stage kernels without --data",
    ],
    ["kernels --out o --data photos --iterations 1 --fft-loss 1", "Expected stage restore for"],
    ["restore --out o --data photos --iterations 1 --reduce 1,5", "Expected integers from 1 to 4"],
    ["restore --out o --data photos --iterations 1 --jpeg 2", "Expected a number from 0 to 1"],
    [
      "restore --out o --data photos --iterations 1 --deconvolution",
      "Expected --ke-features spectra with --deconvolution",
    ],
    [
      "kernels --out o --data photos --iterations 1 --ke-features spectra --kernel-stride 4",
      "Expected --kernel-stride 16 with spectra but received 4",
    ],
    [
      "restore --out o --data photos --iterations 1 --patch 64:0.5",
      "Expected shares that sum to 1",
    ],
  ])("%s", async (words, problem) => {
    const ended = await train(words);
    expect(ended.stderr).toContain(problem);
    expect(ended.code).toBe(2);
  });

  it("ends at a loss that is not finite, and keeps the batch", async () => {
    const out = newOut();
    const words = `restore --out ${out} --init burst.safetensors --iterations 3`;
    const ended = await train(words, restore);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/step 1: the loss is (NaN|Infinity).*failed-batch\.safetensors/);
    expect(await readdir(join(folder, out))).toEqual([
      "log.jsonl",
      "restore.failed-batch.safetensors",
    ]);
    const batch = await read(out, "restore.failed-batch.safetensors");
    expect(batch.tensors.get("sharp")?.shape).toEqual([2, 3 * 16 * 16]);
  });

  it("ends with the names of pictures smaller than a patch", async () => {
    const out = newOut();
    const large = ["--data", "photos", "--patch", "64", "--init", "tiny.safetensors"];
    const ended = await train(`restore --out ${out} --iterations 1`, large);
    expect(ended.code).toBe(65);
    expect(ended.stderr).toContain("no image to cut patches from: all 3 images were skipped");
    expect(ended.stderr).toContain("0.png: Expected at least 64×64 pixels but found 48×40");
  });

  it("keeps existing weights of an unknown run", async () => {
    const out = newOut();
    await mkdir(join(folder, out));
    await writeFile(join(folder, out, "flow.safetensors"), "mine");
    const ended = await train(`flow --out ${out} --iterations 1`);
    expect(ended.code).toBe(73);
    expect(await readFile(join(folder, out, "flow.safetensors"), "utf8")).toBe("mine");
  });
});
