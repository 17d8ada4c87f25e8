/**
 * Checks that the first image of a GIF is complete, because libnsgif leaves out what is missing and reports nothing.
 * Counts the pixels that the LZW codes stand for, and decodes none. Blocks are as in the GIF89a specification.
 */
import { blocksOf, type GifBytes, imageMark, readGif, tableBytes, upToImage } from "./blocks.ts";

const mostCodes = 4096;

/** Describes the damage of the first image of the GIF at `path`; undefined where it is whole. */
export async function gifDamage(path: string): Promise<string | undefined> {
  const cut = "it ends before its picture does";
  return readGif(path, cut, async (bytes) => {
    const mark = await upToImage(bytes, skipped);
    return mark === imageMark ? imageDamage(bytes) : "no picture in it";
  });
}

async function skipped(_label: number, blocks: AsyncIterable<Buffer>): Promise<void> {
  for await (const _block of blocks);
}

/** Reads from its descriptor on. */
async function imageDamage(bytes: GifBytes): Promise<string | undefined> {
  const descriptor = await bytes.take(9);
  const pixels = descriptor.readUInt16LE(4) * descriptor.readUInt16LE(6);
  await bytes.take(tableBytes(descriptor[8] as number));
  const [leastBits = 0] = await bytes.take(1);
  if (leastBits < 1 || leastBits > 11) return "codes of no possible size";
  const found = await countPixels(blocksOf(bytes), leastBits, pixels);
  return found < pixels ? `${pixels - found} of ${pixels} pixels are missing` : undefined;
}

/** Pixels the codes in `blocks` stand for, until there are `enough`, the end mark, or a code that cannot be. */
async function countPixels(
  blocks: AsyncIterable<Buffer>,
  leastBits: number,
  enough: number,
): Promise<number> {
  const clear = 2 ** leastBits;
  // Pixels each code stands for; those up to the end mark's are colours, clear and end.
  const lengths = new Uint32Array(mostCodes).fill(1, 0, clear);
  let next = clear + 2;
  let bits = leastBits + 1;
  let last = 0;
  let pixels = 0;
  let held = 0;
  let heldBits = 0;
  for await (const block of blocks) {
    for (const byte of block) {
      held |= byte << heldBits;
      heldBits += 8;
      while (heldBits >= bits) {
        const code = held & (2 ** bits - 1);
        held >>>= bits;
        heldBits -= bits;
        if (code === clear) {
          next = clear + 2;
          bits = leastBits + 1;
          last = 0;
          continue;
        }
        // The code about to be made is the last one and its own first pixel.
        const fresh = code === next && last > 0;
        if (code === clear + 1 || (code >= next && !fresh)) return pixels;
        const length = fresh ? last + 1 : (lengths[code] as number);
        pixels += length;
        if (pixels >= enough) return pixels;
        if (last > 0 && next < mostCodes) {
          lengths[next++] = last + 1;
          if (next === 2 ** bits && bits < 12) bits++;
        }
        last = length;
      }
    }
  }
  return pixels;
}
