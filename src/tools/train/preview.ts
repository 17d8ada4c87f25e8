/** Draws training pairs into an image, to check by eye that they look like motion blur. */

import { sharp } from "../../io/formats/libvips.ts";
import type { TrainingPair } from "../../operators/pairs/synthesize.ts";

/** Pixels between images. */
const gap = 4;
/** Kernels shown along a side of a pair. */
const shown = 4;

/**
 * Writes a sheet of pairs as a PNG. A row has the sharp patch, the blurry one, and any kernels of 4×4 places, each
 * scaled to its brightest value.
 * @throws RangeError where there is no pair or sizes differ; the error of sharp where the file cannot be written
 */
export async function writePreview(path: string, pairs: readonly TrainingPair[]): Promise<void> {
  const size = pairs[0]?.size;
  if (size === undefined || pairs.some((pair) => pair.size !== size))
    throw new RangeError("expected pairs of one size");
  const width = 3 * size + 2 * gap;
  const height = pairs.length * (size + gap) - gap;
  const sheet = new Uint8Array(3 * width * height).fill(64);
  pairs.forEach((pair, row) => {
    const put = (column: number, colourAt: (x: number, y: number, channel: number) => number) => {
      for (let y = 0; y < size; y++) {
        for (let x = 0; x < size; x++) {
          const to = 3 * ((row * (size + gap) + y) * width + column * (size + gap) + x);
          for (let c = 0; c < 3; c++) sheet[to + c] = Math.round(255 * colourAt(x, y, c));
        }
      }
    };
    const planar = (planes: Float32Array) => (x: number, y: number, channel: number) =>
      planes[(channel * size + y) * size + x] as number;
    put(0, planar(pair.sharp));
    put(1, planar(pair.blurry));
    if (pair.kernels !== undefined) put(2, kernelSheet(pair.kernels, size));
  });
  await sharp(sheet, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(path);
}

/** The kernels of shown² places of a field, each at its place. */
function kernelSheet(kernels: Float32Array, size: number): (x: number, y: number) => number {
  const plane = size * size;
  const kernelSize = Math.round(Math.sqrt(kernels.length / plane));
  const cell = size / shown;
  const middleOf = (i: number) => Math.floor((Math.floor(i / cell) + 0.5) * cell);
  const tapOf = (i: number) => Math.floor(((i % cell) / cell) * (kernelSize + 1));
  const brightest = new Map<number, number>();
  const at = (place: number, tap: number) => kernels[tap * plane + place] as number;
  return (x, y) => {
    const place = middleOf(y) * size + middleOf(x);
    const [column, row] = [tapOf(x), tapOf(y)];
    // The last of each is the line between two kernels.
    if (column === kernelSize || row === kernelSize) return 0.25;
    let most = brightest.get(place);
    if (most === undefined) {
      most = Math.max(...Array.from({ length: kernelSize ** 2 }, (_, tap) => at(place, tap)));
      brightest.set(place, most);
    }
    return at(place, row * kernelSize + column) / most;
  };
}
