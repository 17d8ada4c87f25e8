/** Runs a stream of tiles or frames to its end, and counts the tiles that were left unchanged. */
import { lastValueFrom, type Observable, tap } from "rxjs";
import type { Progress } from "../../operators/stages/tile.ts";
import type { Rect } from "../../rect.ts";
import type { RunContext } from "../plan/run-context.ts";

/** The tiles of an image that the net did not change. */
export interface LeftAsIs {
  /** Rectangles that failed and were left blurry. */
  readonly copied: readonly Rect[];
  /** Tiles without structure. */
  readonly flat: number;
  /** Tiles whose kernels all show almost no blur. */
  readonly sharp: number;
}

/** Counts tiles and reports each to the callbacks of a run. */
export interface TileReport {
  readonly left: LeftAsIs;
  add(progress: Progress): void;
}

/** Opens a report that starts with the tiles `found` from an earlier run. */
export function openTileReport(
  { onProgress, onNote }: Pick<RunContext, "onProgress" | "onNote">,
  found: LeftAsIs = { copied: [], flat: 0, sharp: 0 },
): TileReport {
  const copied = [...found.copied];
  let { flat, sharp } = found;
  return {
    get left() {
      return { copied, flat, sharp };
    },
    add(progress) {
      if (progress.copied !== undefined) {
        copied.push(progress.tile.core);
        onNote?.(`left blurry: ${progress.copied.message}`);
      }
      if (progress.flat) flat++;
      if (progress.sharp) sharp++;
      onProgress?.(progress);
    },
  };
}

/** Subscribes to `items`, passes each item to `each` and resolves after the last. @throws the error of `items` */
export async function drain<T>(
  items: Observable<T>,
  each: (item: T) => void = () => {},
): Promise<void> {
  await lastValueFrom(items.pipe(tap(each)), { defaultValue: undefined });
}
