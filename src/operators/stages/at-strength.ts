/** Weakens what the net changes, and skips tiles where nothing of it is wanted. */
import { map, mergeMap, type OperatorFunction, of } from "rxjs";
import type { StrengthField } from "../../image/strength.ts";
import { type StageOptions, stage } from "./stage.ts";
import type { DecodedTile, RestoredTile } from "./tile.ts";

/**
 * Run `stages` and multiply each pixel's residual by its strength. A tile whose part of the output has strength 0 is
 * emitted with residual 0 and never reaches them.
 *
 * DecodedTile → RestoredTile.
 *
 * **Warning**: `feather` must be the grid's, or seams of a skipped tile differ from their neighbours'.
 *
 *     atStrength(strengthOf({ strength: 0.5 }, image), { timeout: 60, feather: 16 }, stages)
 *
 * @param field - undefined: strength 1
 * @throws TileError at stage decode if a mask cannot be read; the errors of the stages.
 */
export function atStrength(
  field: StrengthField | undefined,
  { timeout, feather }: StageOptions & { readonly feather: number },
  stages: OperatorFunction<DecodedTile, RestoredTile>,
): OperatorFunction<DecodedTile, RestoredTile> {
  if (field === undefined) return stages;
  return mergeMap((decoded) => {
    const { tile, source, width, height } = decoded;
    const read = (signal: AbortSignal) => field.read(tile.read, { signal });
    return stage("decode", tile, read, { timeout }).pipe(
      mergeMap((strength) => {
        if (isNothing(strength, decoded, feather)) {
          const residual = new Float32Array(3 * width * height);
          return of({
            ...{ tile, source, residual, width, height },
            ...{ copied: undefined, flat: false },
          });
        }
        return of(decoded).pipe(
          stages,
          map((restored) => {
            weaken(restored, strength);
            return restored;
          }),
        );
      }),
    );
  });
}

/** True if the strength is 0 wherever the tile contributes to the output: in its core and the seams around it. */
function isNothing(
  strength: number | Float32Array,
  { tile: { read, core } }: DecodedTile,
  feather: number,
): boolean {
  if (typeof strength === "number") return strength === 0;
  const top = Math.max(0, core.y - feather - read.y);
  const left = Math.max(0, core.x - feather - read.x);
  const bottom = Math.min(read.height, core.y + core.height + feather - read.y);
  const right = Math.min(read.width, core.x + core.width + feather - read.x);
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) if (strength[y * read.width + x] !== 0) return false;
  }
  return true;
}

/** Multiplies in place; beyond the tile's rectangle there is only padding. */
function weaken(
  { residual, width, height, tile: { read } }: RestoredTile,
  strength: number | Float32Array,
): void {
  const plane = width * height;
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < read.height; y++) {
      for (let x = 0; x < read.width; x++) {
        const at = channel * plane + y * width + x;
        const factor = typeof strength === "number" ? strength : strength[y * read.width + x];
        residual[at] = (residual[at] as number) * (factor as number);
      }
    }
  }
}
