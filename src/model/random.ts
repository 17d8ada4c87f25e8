/**
 * Computes random numbers from a counter, so that they depend on the position only. Overlapping tiles get the same
 * noise at the same position, in any order and on any thread.
 */

/** Four 32-bit words. */
export type Words = [number, number, number, number];

/**
 * Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 * @param counter four 32-bit words @param key two 32-bit words
 * @returns four independent 32-bit words
 */
export function philox(counter: Readonly<Words>, key: readonly [number, number]): Words {
  let [a, b, c, d] = counter;
  let [k, l] = key;
  for (let round = 0; round < 10; round++) {
    const [nextA, nextC] = [highWord(multiplier1, c) ^ b ^ k, highWord(multiplier0, a) ^ d ^ l];
    b = Math.imul(multiplier1, c);
    d = Math.imul(multiplier0, a);
    a = nextA >>> 0;
    c = nextC >>> 0;
    k += 0x9e3779b9;
    l += 0xbb67ae85;
  }
  return [a, b >>> 0, c, d >>> 0];
}

const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;

/** The upper 32 bits of a 64-bit product. */
function highWord(x: number, y: number): number {
  // Each partial product is below 2^48: exact in a double.
  const low = (x & 0xffff) * y;
  return Math.floor(((x >>> 16) * y + Math.floor(low / 2 ** 16)) / 2 ** 16);
}

/** A rectangle of cells at an absolute position. */
export interface NoiseField {
  /** A safe integer from 0 up. */
  readonly seed: number;
  /** Position of the first cell, in cells from the left and top of the whole image. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** Standard normal noise [1, channels, height, width]; each value depends on seed, x, y and channel only. */
export function normalNoise(field: NoiseField): Float32Array<ArrayBuffer> {
  const { seed, x, y, width, height, channels } = field;
  const key = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)] as const;
  const noise = new Float32Array(channels * height * width);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      for (let channel = 0; channel < channels; channel += 4) {
        const words = philox([x + column, y + row, channel / 4, 0], key);
        const normals = [...boxMuller(words[0], words[1]), ...boxMuller(words[2], words[3])];
        for (let i = 0; i < Math.min(4, channels - channel); i++) {
          const at = ((channel + i) * height + row) * width + column;
          noise[at] = normals[i] as number;
        }
      }
    }
  }
  return noise;
}

/** Two independent standard normal numbers of two words. */
export function boxMuller(u: number, v: number): [number, number] {
  const radius = Math.sqrt(-2 * Math.log((u + 1) / 2 ** 32)); // in (0, 1], which avoids the logarithm of 0
  const angle = (2 * Math.PI * v) / 2 ** 32;
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}
