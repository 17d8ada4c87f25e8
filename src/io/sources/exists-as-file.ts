/** A path in, whether there is a file out. */
import { stat } from "node:fs/promises";

export async function existsAsFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true;
}
