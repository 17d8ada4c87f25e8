/** Pictures whose outputs exist, told in one line for all that follow each other. */
import type { FilePlace } from "../../pipeline/plan/run-facts.ts";
import { skippedLine } from "./run-lines.ts";

export interface Skips {
  add(picture: FilePlace): void;
  /** Writes the line, where there is one to write; the last picture's is written at once. */
  tell(): void;
}

export function openSkips(line: (text: string) => void): Skips {
  let count = 0;
  let last: FilePlace | undefined;
  const tell = (): void => {
    if (last !== undefined) line(skippedLine(last, count));
    count = 0;
    last = undefined;
  };
  return {
    add(picture) {
      count++;
      last = picture;
      if (picture.file === picture.files) tell();
    },
    tell,
  };
}
