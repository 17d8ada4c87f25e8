/** Makes a training pair from a patch of an image: turned, blurred and with noise, as its index determines. */
import type { Pool } from "../../io/pool/pool.ts";
import { moved, type PoolTask, poolTask } from "../../io/pool/task.ts";
import { expandField, kernelsAtCells } from "../../model/blur/blur-field.ts";
import { develop, lightOf } from "../../model/blur/camera.ts";
import { loseAsJpeg } from "../../model/blur/jpeg.ts";
import type { PlanarImage } from "../../model/blur/planar-image.ts";
import { blurByField } from "../../model/blur/reblur.ts";
import { simulateField } from "../../model/blur/simulate-field.ts";
import { openStream, type RandomStream } from "../../model/random-stream.ts";
import type { MakePair, PairJob, TrainingPair } from "../../operators/pairs/synthesize.ts";

/**
 * The pair of a job. A patch without surroundings is blurred with its edge repeated, as by ⊗.
 * @throws RangeError where the patch has neither the pair's size nor half a kernel around that
 */
export function makePair({ index, patch, recipe }: PairJob): TrainingPair {
  const { seed, size, kernelSize, gammas, noise, keepKernels, cellStride, jpeg = 0 } = recipe;
  const surroundings = (patch.side - size) / 2;
  const random = openStream({ seed, purpose: "blur", index });
  const orientation = random.below(8);
  const view = { side: patch.side, orientation };
  const sharp = planesOf(patch.sharp, { ...view, margin: surroundings }, lightOf(1));
  if (patch.blurry !== undefined) {
    const blurry = planesOf(patch.blurry, { ...view, margin: surroundings }, lightOf(1));
    return { size, sharp: sharp.values, blurry: blurry.values, kernels: undefined };
  }
  const gamma = random.pick(gammas);
  const field = simulateField(random, { kernelSize, width: size, height: size });
  const light = planesOf(patch.sharp, { ...view, margin: 0 }, lightOf(gamma));
  const blurry = blurByField(light, field, surroundings > 0 ? "none" : "replicate");
  develop(blurry, {
    gamma,
    noise: noise * random.uniform(),
    random: openStream({ seed, purpose: "noise", index }),
  });
  // The stream is asked only if files are simulated, so that other pairs keep their numbers.
  if (jpeg > 0 && random.uniform() < jpeg) loseInFile({ ...sharp, values: blurry }, random);
  const kernels = keepKernels ? expandField(field) : undefined;
  const cellKernels = cellStride === undefined ? undefined : kernelsAtCells(field, cellStride);
  return { size, sharp: sharp.values, blurry, kernels, cellKernels };
}

/** A file of a random quality. Its blocks begin anywhere: patches of a photograph are not aligned with them. */
function loseInFile(image: PlanarImage, random: RandomStream): void {
  const quality = lowestQuality + random.below(highestQuality - lowestQuality + 1);
  const halfChroma = random.below(2) === 0;
  loseAsJpeg(image, { quality, halfChroma, left: random.below(16), top: random.below(16) });
}

/** Cameras and phones store 85 to 98; websites and messengers store again at 60 to 80. */
const lowestQuality = 60;
const highestQuality = 97;

/** The task: makes a training pair. */
export function synthesizePair(job: PairJob): TrainingPair {
  const pair = makePair(job);
  const { sharp, blurry, kernels, cellKernels } = pair;
  const fields = [kernels, cellKernels].flatMap((field) => (field ? [field.buffer] : []));
  return moved(pair, [sharp.buffer, blurry.buffer, ...fields]);
}

const synthesizePairIn: PoolTask<typeof synthesizePair> = poolTask("synthesizePair", ({ patch }) =>
  patch.blurry === undefined ? [patch.sharp.buffer] : [patch.sharp.buffer, patch.blurry.buffer],
);

/**
 * Makes training pairs in the pool's threads: the `make` of `synthesize`. The patch's buffers move and are unusable
 * afterwards. The caller closes the pool. Rejects with the signal's reason.
 */
export function makePairIn(pool: Pool): MakePair {
  const synthesize = synthesizePairIn(pool);
  return async (job, { signal }) => {
    signal.throwIfAborted();
    const pair = await synthesize(job);
    signal.throwIfAborted();
    return pair;
  };
}

interface View {
  readonly side: number;
  /** One of the eight ways to turn and flip a square: bit 0 flips x, bit 1 flips y, bit 2 swaps them first. */
  readonly orientation: number;
  /** Pixels left out on every side. */
  readonly margin: number;
}

/** Interleaved stored samples as three planes of light. */
function planesOf(
  stored: Uint8Array,
  { side, orientation, margin }: View,
  light: Float32Array,
): PlanarImage & { readonly values: Float32Array<ArrayBuffer> } {
  const size = side - 2 * margin;
  const plane = size * size;
  const values = new Float32Array(3 * plane);
  const last = side - 1;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const across = orientation & 1 ? last - margin - x : margin + x;
      const down = orientation & 2 ? last - margin - y : margin + y;
      const from = 3 * (orientation & 4 ? across * side + down : down * side + across);
      const to = y * size + x;
      values[to] = light[stored[from] as number] as number;
      values[plane + to] = light[stored[from + 1] as number] as number;
      values[2 * plane + to] = light[stored[from + 2] as number] as number;
    }
  }
  return { width: size, height: size, values };
}
