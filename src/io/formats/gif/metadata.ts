/**
 * Reads what a GIF holds before its first image and libvips skips: XMP and a colour profile. They stand in
 * application extensions (XMP Specification Part 3, §1.1.2; ICC.1:2022, B.6).
 */
import { readGif, upToImage } from "./blocks.ts";

export interface GifWords {
  readonly xmp?: Buffer;
  readonly icc?: Buffer;
}

const application = 0xff;
/** No extension of more is kept. */
const mostBytes = 2 ** 24;
/** After XMP, so that readers of blocks come to an end: 1, 255, 254 … 1, 0. */
const trailer = Buffer.from([1, ...Array.from({ length: 256 }, (_, i) => 255 - i)]);

/** What of it there is in the GIF at `path`; nothing where it is cut short, which others tell. */
export async function readGifWords(path: string): Promise<GifWords> {
  return readGif<GifWords>(path, {}, async (bytes) => {
    const found = new Map<string, Buffer>();
    await upToImage(bytes, async (label, blocks) => {
      const gathered: Buffer[] = [];
      let length = 0;
      for await (const block of blocks) {
        length += 1 + block.length;
        if (label !== application || length > mostBytes) continue;
        gathered.push(Buffer.from([block.length]), Buffer.from(block));
      }
      if (label !== application || length > mostBytes) return;
      const name = gathered[1]?.toString("latin1");
      if (name !== undefined && !found.has(name)) found.set(name, wordsOf(name, gathered.slice(2)));
    });
    const [xmp, icc] = [found.get("XMP DataXMP"), found.get("ICCRGBG1012")];
    return { ...(xmp?.length && { xmp }), ...(icc?.length && { icc }) };
  });
}

/** From lengths and blocks: XMP is text, in which what reads as a length is part of it. */
function wordsOf(name: string, gathered: readonly Buffer[]): Buffer {
  if (name !== "XMP DataXMP") return Buffer.concat(gathered.filter((_, i) => i % 2 === 1));
  const all = Buffer.concat(gathered);
  const end = all.length - trailer.length;
  return end > 0 && all.subarray(end).equals(trailer) ? all.subarray(0, end) : Buffer.alloc(0);
}
