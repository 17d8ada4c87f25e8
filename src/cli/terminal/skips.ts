/** Pictures whose outputs exist, told in one line for all that follow each other. */
import type { FilePlace } from "../../pipeline/plan/run-facts.ts";
import { skippedLine } from "./run-lines.ts";

export interface Skips {
  add(image: FilePlace): void;
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
    add(image) {
      count++;
      last = image;
      if (image.file === image.files) tell();
    },
    tell,
  };
}
