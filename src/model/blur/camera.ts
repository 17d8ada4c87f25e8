/** Stored numbers to light and back: blur adds up light, a camera adds noise and stores eight bits. */
import type { RandomStream } from "../random-stream.ts";

/** The light, 0..1, of each of the 256 numbers a picture stores: (n / 255)^gamma. */
export function lightOf(gamma: number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, stored) => (stored / 255) ** gamma);
}

/**
 * Light becomes what a camera stores, as n / 255, in place: encoded with `gamma`, normal noise of standard
 * deviation `noise` (in 0..1) added, rounded to eight bits.
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
    // Rounding may leave a hair below 0, which no power takes.
    const clean =
      gamma === 1 ? (light[i] as number) : Math.max(0, light[i] as number) ** (1 / gamma);
    const seen = noise > 0 ? clean + noise * random.normal() : clean;
    light[i] = Math.round(255 * Math.min(1, Math.max(0, seen))) / 255;
  }
}
