/** Words seconds, pixels, paths, ranges and progress, the same in every report. */

/** 75 is "1:15", 3675 is "1:01:15". */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = String(whole % 60).padStart(2, "0");
  return hours === 0
    ? `${minutes}:${rest}`
    : `${hours}:${String(minutes).padStart(2, "0")}:${rest}`;
}

/** Three digits that count, never an exponent: 0.0123, 4.57, 1234. */
export function plain(value: number): string {
  if (value === 0) return "0";
  const decimals = Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return String(Number(value.toFixed(decimals)));
}

/** "1 tile", "2 tiles". */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** A path as a message names it: "-" is `stream`. */
export function shownPath(path: string, stream: string): string {
  return path === "-" ? stream : path;
}

/** Millions of pixels: "24.2 MP". */
export function megapixels(width: number, height: number): string {
  return `${plain((width * height) / 1e6)} MP`;
}

/**
 * Seconds until the last tile if the rest go as fast as those done so far; none before the first. `kept` of those
 * done were there before, and took no time.
 */
export function secondsLeft(
  done: number,
  total: number,
  elapsed: number,
  kept = 0,
): number | undefined {
  return done <= kept ? undefined : (elapsed / (done - kept)) * (total - done);
}

/** At most so many ranges are written out. */
const mostRanges = 8;

/** "0–4, 7, 9–11" of ascending integers; what is beyond the first eight ranges is counted. */
export function inRanges(numbers: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const number of numbers) {
    const range = ranges.at(-1);
    if (range !== undefined && range[1] === number - 1) range[1] = number;
    else ranges.push([number, number]);
  }
  const shown = ranges
    .slice(0, mostRanges)
    .map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`));
  const rest = ranges.slice(mostRanges).reduce((sum, [first, last]) => sum + last - first + 1, 0);
  return rest === 0 ? shown.join(", ") : `${shown.join(", ")} and ${rest} more`;
}

/** The text with its control characters replaced, so that a file's words cannot change the terminal. */
export function visible(text: string): string {
  return text.replace(/\p{C}/gu, "\u{fffd}");
}

/**
 * The text without the control characters that move a terminal's cursor, change its colours, or turn the direction of
 * letters: file names may hold them. Lines and tabs stay.
 */
export function terminalSafe(text: string): string {
  return text.replace(/(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, "\u{fffd}");
}
