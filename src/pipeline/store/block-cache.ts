/** Finished blocks of the output that the next rectangle is likely to need too. */
import type { Samples } from "../../operators/samples.ts";
import type { GridBlock } from "../../operators/tiling/grid.ts";

/**
 * What `make` answers, the blocks used last kept while all of them are at most `limit` bytes. A block asked for
 * while it is being made is made once; one that failed is made again.
 */
export function createBlockCache(
  limit: number,
  make: (block: GridBlock) => Promise<Samples>,
): (block: GridBlock) => Promise<Samples> {
  const kept = new Map<number, { readonly samples: Promise<Samples>; bytes: number }>();
  let total = 0;
  return (block) => {
    const found = kept.get(block.id);
    if (found) {
      kept.delete(block.id);
      kept.set(block.id, found);
      return found.samples;
    }
    const entry = { samples: make(block), bytes: 0 };
    kept.set(block.id, entry);
    entry.samples.then(
      (samples) => {
        entry.bytes = samples.byteLength;
        total += samples.byteLength;
        for (const [id, { bytes }] of kept) {
          if (total <= limit) break;
          if (bytes === 0) continue; // not made yet
          kept.delete(id);
          total -= bytes;
        }
      },
      () => kept.delete(block.id),
    );
    return entry.samples;
  };
}
