/**
 * Makes a folder of pairs from sharp images, for measuring and for training elsewhere. Pairs are planned, read, blurred
 * on the pool's threads, and written in order. Pair i depends on seed, options and images alone.
 */
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { lastValueFrom, of } from "rxjs";
import { IoError, isDeblurError } from "../../errors.ts";
import { libvipsWriteFailure, sharp } from "../../io/formats/libvips.ts";
import type { Pool } from "../../io/pool/pool.ts";
import { findImages } from "../../io/sources/find-images.ts";
import { packageVersion } from "../../io/system/package-file.ts";
import { openRunFolder } from "../../io/system/run-folder.ts";
import { withScope } from "../../io/system/scope.ts";
import { systemCode, systemMessage } from "../../io/system/system-error.ts";
import type { KernelBank } from "../../model/blur/centre-kernels.ts";
import { writeSafetensors } from "../../model/weights/write-safetensors.ts";
import { pullAhead } from "../../operators/flow/pull-ahead.ts";
import type { PairPlan } from "../../operators/pairs/plan-pairs.ts";
import { synthesize } from "../../operators/pairs/synthesize.ts";
import { completeTable } from "../../pipeline/options/complete-options.ts";
import type { Rect } from "../../rect.ts";
import { ImagesFailedError } from "../../text/describe-error.ts";
import { imageCuts, planImages } from "./image-cuts.ts";
import { type ImagePair, makeImagePairIn, type StoredField } from "./make-image-pair.ts";
import {
  checkPairsFolder,
  openPairsFolder,
  type PairSide,
  pairFiles,
  pairName,
} from "./pairs-folder.ts";
import {
  checkPairsOptions,
  type PairsOptions,
  pairsOptionTable,
  usualKernelSize,
} from "./pairs-options.ts";
import { readKernels } from "./read-kernels.ts";

/** A pair that is written. */
export interface WrittenPair {
  readonly index: number;
  /** Of its files, without their suffixes. */
  readonly name: string;
  /** The image it was cut from, and its place in the upright image. */
  readonly picture: string;
  readonly rect: Rect;
  readonly gamma: number;
  /** Standard deviation of its noise, 0..1. */
  readonly noise: number;
  /** Number of kernels its blur is made of. */
  readonly kernels: number;
}

/** The threads, the signal and the callbacks of `writePairs`. */
export interface PairsContext {
  /** The caller closes it. */
  readonly pool: Pool;
  readonly signal?: AbortSignal;
  readonly onNote?: (message: string) => void;
  /** For each pair, in order. */
  readonly onPair?: (
    pair: WrittenPair,
    place: { readonly done: number; readonly pairs: number },
  ) => void;
  /** For each image that gave no pair. */
  readonly onFailed?: (image: string, error: unknown) => void;
}

/** The number of pairs, and how many of them this call made. */
export interface PairsResult {
  readonly pairs: number;
  readonly made: number;
}

/**
 * Blurs the images of `inputs` (files, folders, patterns) and writes `output`/blur, /sharp and, on request, /kernels.
 * Pairs that exist already are kept.
 *
 *     await writePairs(["photos"], "pairs", { seed: 1, gamma: [1, 2.2] }, { pool });
 *
 * @throws OptionError, NoInputError, InputError (kernels), OutputError before any work; ImagesFailedError at the end
 *   where images could not be used; IoError; the signal's reason, and finished pairs stay
 */
export async function writePairs(
  inputs: readonly string[],
  output: string,
  given: Partial<PairsOptions>,
  context: PairsContext,
): Promise<PairsResult> {
  const sameName = (key: string) => key;
  const options = completeTable(pairsOptionTable, { ...given }, sameName);
  checkPairsOptions(options, sameName);
  const { seed, size, gamma: gammas, noise, keepKernels, maxPixels, force } = options;
  const { pool, signal = new AbortController().signal, onPair, onFailed, onNote } = context;
  const { images: pictures } = await findImages(inputs, { except: output });
  const bank = options.kernels === undefined ? undefined : await readKernels(options.kernels);
  const kernelSize = bank?.kernelSize ?? options.kernelSize ?? usualKernelSize;
  const places = pictures.map(({ place }) => place);
  const identity = {
    package: `rx-deblur ${packageVersion()}`,
    ...{ seed, size, gamma: gammas, noise, keepKernels },
    kernels: bank ? `${bank.kernels.length}, sha-256 ${hashOf(bank)}` : "simulated",
    ...{ kernelSize, pictures: places },
  };
  await checkPairsFolder(output, identity, { force });
  signal.throwIfAborted();
  const folder = await openPairsFolder(output, identity, { force, keepKernels });
  const pairs = options.count ?? pictures.length;
  const nameOf = (index: number) => pairName(index, places[index % places.length] as string);
  const missing = [...Array(pairs).keys()].filter((index) => !folder.has(nameOf(index)));
  if (missing.length < pairs) onNote?.(`${pairs - missing.length} of ${pairs} pairs exist`);

  const paths = pictures.map(({ input }) => input);
  const source = imageCuts(paths, { seed, size, maxPixels, kernelSize, bank });
  const recipe = { seed, kernelSize, gammas, noise, keepKernels };
  const makePair = makeImagePairIn(pool);
  const failures: unknown[] = [];
  await withScope({ ...(onNote && { onNote }) }, async (scope) => {
    scope.use(folder, (it) => it.close());
    const staging = scope.use(await openRunFolder(join(output, "pairs")), (it) => it.remove());
    const make = async (plan: PairPlan) => {
      const picture = paths[plan.visit.image] as string;
      const name = nameOf(plan.index);
      try {
        const pair = await lastValueFrom(of(plan).pipe(synthesize(source, makePair, recipe)));
        return {
          picture,
          name,
          pair,
          files: await stage(join(staging.path, name), pair, kernelSize),
        };
      } catch (error) {
        if (!isDeblurError(error, "InputError", "NoInputError")) throw error;
        return { picture, error };
      }
    };
    let done = pairs - missing.length;
    // Two more than the threads blur: one is being read or encoded, one waits to be written.
    const made = pullAhead(planImages(paths.length, missing), pool.threads + 2, make);
    let at = 0;
    for await (const one of made) {
      signal.throwIfAborted();
      const index = missing[at++] as number;
      if ("error" in one) {
        failures.push(one.error);
        onFailed?.(one.picture, one.error);
        continue;
      }
      const { picture, name, pair, files } = one;
      await folder.publish(name, files);
      const { rect, gamma, noise, parts } = pair;
      const written = { index, name, picture, rect, gamma, noise, kernels: parts };
      onPair?.(written, { done: ++done, pairs });
    }
  });
  if (failures.length > 0) throw new ImagesFailedError(failures, pairs);
  return { pairs, made: missing.length };
}

function hashOf({ kernels }: KernelBank): string {
  const hash = createHash("sha256");
  for (const kernel of kernels) hash.update(kernel);
  return hash.digest("hex");
}

/** A pair's files under names that begin with `stem`. @throws IoError */
async function stage(
  stem: string,
  { rect: { width, height }, sharp: truth, blurry, parts, field }: ImagePair,
  kernelSize: number,
): Promise<Partial<Record<PairSide, string>>> {
  const named = (side: PairSide) => `${stem}.${side}${pairFiles[side]}`;
  const png = async (side: "sharp" | "blur", samples: Uint8Array) => {
    const path = named(side);
    const picture = sharp(samples, { raw: { width, height, channels: 3 } }).png();
    await picture.toFile(path).catch((cause: unknown) => {
      const why = libvipsWriteFailure(cause, path) ?? (cause as Error).message;
      throw new IoError(path, why, { cause });
    });
    return path;
  };
  const files = { sharp: await png("sharp", truth), blur: await png("blur", blurry) };
  if (field === undefined) return files;
  const path = named("kernels");
  await writeFile(path, fieldBytes(field, { parts, kernelSize, width, height })).catch(
    (cause: unknown) => {
      if (systemCode(cause) === undefined) throw cause;
      throw new IoError(path, systemMessage(cause), { cause });
    },
  );
  return { ...files, kernels: path };
}

/** kernels [parts, k, k] and shares [parts, height, width]. */
function fieldBytes(
  { kernels, shares }: StoredField,
  size: {
    readonly parts: number;
    readonly kernelSize: number;
    readonly width: number;
    readonly height: number;
  },
): Uint8Array {
  const { parts, kernelSize, width, height } = size;
  const tensors = new Map([
    ["kernels", { shape: [parts, kernelSize, kernelSize], data: kernels }],
    ["shares", { shape: [parts, height, width], data: shares }],
  ]);
  return writeSafetensors(tensors, {}, "F32");
}
