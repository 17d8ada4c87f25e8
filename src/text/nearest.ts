/** Suggests the word nearest to a mistyped one, if any is near. */

/** Of `words`, the one at the fewest edits from `written`, if those are few for its length; else a word that begins it. */
export function nearest(written: string, words: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(written.length / 3));
  const ranked = words
    .map((word) => ({ word, edits: editsBetween(written, word) }))
    .toSorted((a, b) => a.edits - b.edits);
  const near = ranked.find(({ edits }) => edits <= limit)?.word;
  return near ?? words.find((word) => word.length > 3 && written.startsWith(word));
}

/**
 * Letters inserted, left out or replaced, and neighbours swapped, to make one of the other: the optimal string
 * alignment distance.
 */
function editsBetween(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1];
      const edits = [
        (last[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (last[column - 1] as number) + (same ? 0 : 1),
      ];
      const swapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      if (row > 1 && column > 1 && swapped) edits.push((beforeLast[column - 2] as number) + 1);
      current.push(Math.min(...edits));
    }
    beforeLast = last;
    last = current;
  }
  return last[other.length] as number;
}
