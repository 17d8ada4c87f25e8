/**
 * Makes a sharp and a blurry image from an image or a rectangle of one, as files hold them, with the blur itself.
 * Nothing is turned or flipped: these pairs are for eyes and for measuring.
 */
import type { Pool } from "../../io/pool/pool.ts";
import { moved, type PoolTask, poolTask } from "../../io/pool/task.ts";
import { develop, lightOf } from "../../model/blur/camera.ts";
import { blurByField } from "../../model/blur/reblur.ts";
import { simulateField } from "../../model/blur/simulate-field.ts";
import { openStream } from "../../model/random-stream.ts";
import type { MakePair, PairJob, PairRecipe } from "../../operators/pairs/synthesize.ts";
import type { Rect } from "../../rect.ts";

/** The image, or a rectangle of one, that a pair is made of. */
export interface ImageCut {
  /** Its place in the upright image. */
  readonly rect: Rect;
  /** [height, width, 3], stored numbers. */
  readonly sharp: Uint8Array<ArrayBuffer>;
  /** [kernelSize, kernelSize] with sum 1, as many as a field may need; undefined: they are simulated. */
  readonly kernels: readonly Float32Array[] | undefined;
}

export type ImageRecipe = Omit<PairRecipe, "size" | "cellStride" | "jpeg">;

/** A sharp image and its blurry version. */
export interface ImagePair {
  readonly rect: Rect;
  /** Both [height, width, 3], stored numbers. */
  readonly sharp: Uint8Array<ArrayBuffer>;
  readonly blurry: Uint8Array<ArrayBuffer>;
  /** Blur summed stored samples raised to this power. */
  readonly gamma: number;
  /** Standard deviation of the noise, 0..1. */
  readonly noise: number;
  /** Number of kernels the blur is made of. */
  readonly parts: number;
  /** undefined: not requested. */
  readonly field: StoredField | undefined;
}

/** The kernel at pixel p is Σ shares[j, p] · kernels[j]. */
export interface StoredField {
  /** [parts, kernelSize, kernelSize]. */
  readonly kernels: Float32Array<ArrayBuffer>;
  /** [parts, height, width]. */
  readonly shares: Float32Array<ArrayBuffer>;
}

/** The task: makes the pair of a job. Beyond its edge an image is continued as it ends, as for ⊗. */
export function makeImagePair({
  index,
  patch: { rect, sharp, kernels },
  recipe,
}: PairJob<ImageCut, ImageRecipe>): ImagePair {
  const { seed, kernelSize, gammas, keepKernels } = recipe;
  const { width, height } = rect;
  const random = openStream({ seed, purpose: "blur", index });
  const gamma = random.pick(gammas);
  const given = kernels?.values();
  const draw = given && (() => given.next().value as Float32Array);
  const field = simulateField(random, { kernelSize, width, height }, draw);
  const values = planesOf(sharp, lightOf(gamma));
  const light = blurByField({ width, height, values }, field, "replicate");
  const noise = recipe.noise * random.uniform();
  develop(light, { gamma, noise, random: openStream({ seed, purpose: "noise", index }) });
  const { parts } = field;
  const blurry = interleaved(light);
  const buffers = [sharp.buffer, blurry.buffer];
  const pair = { rect, sharp, blurry, gamma, noise, parts: parts.length };
  if (!keepKernels) return moved({ ...pair, field: undefined }, buffers);
  const stored = {
    kernels: joined(parts.map(({ kernel }) => kernel)),
    shares: joined(parts.map(({ share }) => share)),
  };
  buffers.push(stored.kernels.buffer, stored.shares.buffer);
  return moved({ ...pair, field: stored }, buffers);
}

const makeImagePairTask: PoolTask<typeof makeImagePair> = poolTask("makeImagePair", ({ patch }) => [
  patch.sharp.buffer,
]);

/** Makes pairs of images in `pool`. The cut's pixels move and are unusable afterwards. */
export function makeImagePairIn(pool: Pool): MakePair<ImageCut, ImageRecipe, ImagePair> {
  const make = makeImagePairTask(pool);
  return async (job, { signal }) => {
    signal.throwIfAborted();
    const pair = await make(job);
    signal.throwIfAborted();
    return pair;
  };
}

/** Interleaved stored numbers as three planes of light. */
function planesOf(stored: Uint8Array, light: Float32Array): Float32Array<ArrayBuffer> {
  const plane = stored.length / 3;
  const values = new Float32Array(stored.length);
  for (let p = 0; p < plane; p++) {
    for (let c = 0; c < 3; c++)
      values[c * plane + p] = light[stored[3 * p + c] as number] as number;
  }
  return values;
}

/** Planes of n / 255 as interleaved numbers n. */
function interleaved(planes: Float32Array): Uint8Array<ArrayBuffer> {
  const plane = planes.length / 3;
  const stored = new Uint8Array(planes.length);
  for (let p = 0; p < plane; p++) {
    for (let c = 0; c < 3; c++)
      stored[3 * p + c] = Math.round(255 * (planes[c * plane + p] as number));
  }
  return stored;
}

function joined(arrays: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const all = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const one of arrays) {
    all.set(one, at);
    at += one.length;
  }
  return all;
}
