/** Converts stored values to light and back. Blur averages light; a camera adds noise and stores eight bits. */
import type { RandomStream } from "../random-stream.ts";

/** The light, 0..1, of each of the 256 stored values n: (n / 255)^gamma. */
export function lightOf(gamma: number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, stored) => (stored / 255) ** gamma);
}

/**
 * Converts light in place to the values a camera stores, as n / 255: encodes with `gamma`, adds normal noise of
 * standard deviation `noise` (in 0..1), rounds to eight bits.
 */
export function develop(
  light: Float32Array,
  {
    gamma,
    noise,
    random,
  }: { readonly gamma: number; readonly noise: number; readonly random: RandomStream },
): void {
  for (let i = 0; i < light.length; i++) {
    // Rounding may leave a value slightly below 0, which has no real power.
    const clean =
      gamma === 1 ? (light[i] as number) : Math.max(0, light[i] as number) ** (1 / gamma);
    const seen = noise > 0 ? clean + noise * random.normal() : clean;
    light[i] = Math.round(255 * Math.min(1, Math.max(0, seen))) / 255;
  }
}
