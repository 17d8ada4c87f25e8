/** A planar tensor and some of its cells in, their values out, cell after cell. */

/**
 * [1, channels, height, width] and n cells → [n, channels]. A cell is its row-major index.
 * @throws RangeError where the tensor has no such cell
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
      throw new RangeError(`there is no cell ${cell} in ${height}×${width}`);
    }
    for (let channel = 0; channel < channels; channel++) {
      picked[i * channels + channel] = values[channel * area + cell] as number;
    }
  }
  return picked;
}
