/** Many numbers in few words. */

/** At most so many ranges are told. */
const most = 8;

/** "0–4, 7, 9–11" of ascending integers; what is beyond the first eight ranges is counted. */
export function inRanges(numbers: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const number of numbers) {
    const range = ranges.at(-1);
    if (range !== undefined && range[1] === number - 1) range[1] = number;
    else ranges.push([number, number]);
  }
  const told = ranges
    .slice(0, most)
    .map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`));
  const rest = ranges.slice(most).reduce((sum, [first, last]) => sum + last - first + 1, 0);
  return rest === 0 ? told.join(", ") : `${told.join(", ")} and ${rest} more`;
}
