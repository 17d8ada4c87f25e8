/** Names the folder of a submitted run: hidden, beside the output. */
import { posix } from "node:path";

/** From and to a path relative to the root. */
export function runFolderOf(output: string): string {
  return posix.join(posix.dirname(output), `.${posix.basename(output).slice(0, 200)}.run`);
}
