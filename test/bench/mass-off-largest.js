/** How far a kernel falls to pieces: of what is bright in it, the share that is not in its largest piece. */

/**
 * Taps of at least a twentieth of the brightest count; pieces touch by side or corner; the largest has most mass.
 * @param kernel [side²] @returns from 0, one piece, to below 1
 */
export function massOffLargest(kernel, side) {
  const least = Math.max(...kernel) / 20;
  const open = new Set([...kernel.keys()].filter((tap) => kernel[tap] >= least));
  let all = 0;
  let largest = 0;
  for (const first of open) {
    let piece = 0;
    const waiting = [first];
    open.delete(first);
    for (let tap = waiting.pop(); tap !== undefined; tap = waiting.pop()) {
      piece += kernel[tap];
      const [row, column] = [Math.floor(tap / side), tap % side];
      for (const [dr, dc] of neighbours) {
        const inside = column + dc >= 0 && column + dc < side;
        const next = (row + dr) * side + column + dc;
        if (inside && open.delete(next)) waiting.push(next);
      }
    }
    all += piece;
    largest = Math.max(largest, piece);
  }
  return 1 - largest / all;
}

const neighbours = [-1, 0, 1].flatMap((dr) => [-1, 0, 1].map((dc) => [dr, dc]));
