/**
 * Makes an AVIF sequence readable for sharp: returns its bytes with the brand of a still image. The cover of a sequence
 * is a still image. libheif reads it, but libvips' check of the first brand refuses it. Other files keep their path.
 */
import { readFile, stat } from "node:fs/promises";
import { InputError } from "../../../errors.ts";

/** Such a file is held in memory. */
const largestSequence = 2 ** 28;

/** @throws InputError where a sequence is larger than we hold, or libvips would take the name for another's. */
export async function stillOf(path: string, sequence: boolean): Promise<string | Buffer> {
  // It takes what is in brackets at the end of a name for options.
  if (/\[.*\]$/s.test(path))
    throw new InputError(path, "Expected a name that does not end in brackets: rename the file");
  if (!sequence) return path;
  const { size } = await stat(path);
  if (size > largestSequence)
    throw new InputError(
      path,
      `Expected at most ${largestSequence} bytes of an AVIF sequence but found ${size}`,
    );
  const bytes = await readFile(path);
  bytes.write("avif", 8, "latin1");
  return bytes;
}
