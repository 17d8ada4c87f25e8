/** Prepares what the device thread returns: clamps the residual of a tile, and picks single cells of a tensor. */
import type { Restoration } from "../engine.ts";

/**
 * clamp(x + residual, 0, 1) − x, in place, and the root mean square of the residual before clamping.
 * @param x the image, [3, h, w], 0..1
 * @param residual the net's output, as `x`; overwritten with the result
 */
export function clampResidual(x: Float32Array, residual: Float32Array<ArrayBuffer>): Restoration {
  let squares = 0;
  for (let i = 0; i < residual.length; i++) {
    const blurry = x[i] as number;
    const change = residual[i] as number;
    squares += change * change;
    const restored = blurry + change;
    if (restored < 0) residual[i] = -blurry;
    else if (restored > 1) residual[i] = 1 - blurry;
  }
  return { residual, rms: Math.sqrt(squares / residual.length) };
}

/**
 * The values of n cells of a tensor [1, channels, height, width]: [n, channels]. A cell is its row-major index.
 * @throws RangeError if the tensor has no such cell
 */
export function pickCells(
  values: Float32Array,
  [, channels, height, width]: readonly [number, number, number, number],
  cells: readonly number[],
): Float32Array<ArrayBuffer> {
  const area = height * width;
  const picked = new Float32Array(cells.length * channels);
  for (const [i, cell] of cells.entries()) {
    if (!Number.isInteger(cell) || cell < 0 || cell >= area) {
      throw new RangeError(`expected a cell of ${height}×${width} but received ${cell}`);
    }
    for (let channel = 0; channel < channels; channel++) {
      picked[i * channels + channel] = values[channel * area + cell] as number;
    }
  }
  return picked;
}
