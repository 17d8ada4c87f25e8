/** Text of one or more lines in, one line out: what a message must be. */
export function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, "; ");
}
