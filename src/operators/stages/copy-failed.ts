/** In goes a tile with its pixels, out comes its restoration, or the tile unchanged where the caller prefers that. */
import { catchError, mergeMap, type OperatorFunction, of, throwError } from "rxjs";
import { isDeblurError, TileError } from "../../errors.ts";
import type { DecodedTile, RestoredTile, TileErrorPolicy } from "./tile.ts";

/**
 * Run `stages`; under the policy "copy", a tile they fail on passes with residual 0 and the error in `copied`.
 *
 * DecodedTile → RestoredTile.
 *
 * **Warning**: under "copy" parts of the output may be as blurry as the input; say so to whoever asked for it.
 *
 *     copyFailed("copy", pipe(estimateKernels(engine, options), decodeFlow(engine, options), deblur(engine, options)))
 *
 * @throws what the stages throw under "fail"; under "copy" only what is no fault of a tile, such as an engine
 * that is gone.
 */
export function copyFailed(
  policy: TileErrorPolicy,
  stages: OperatorFunction<DecodedTile, RestoredTile>,
): OperatorFunction<DecodedTile, RestoredTile> {
  if (policy === "fail") return stages;
  return mergeMap((decoded) =>
    of(decoded).pipe(
      stages,
      catchError((error: unknown) => {
        const ours = error instanceof TileError && !isDeblurError(error.cause, ...gone);
        return ours ? of(unchanged(decoded, error)) : throwError(() => error);
      }),
    ),
  );
}

const gone = ["UnavailableError", "DeviceLostError"] as const;

function unchanged({ tile, source, width, height }: DecodedTile, copied: TileError): RestoredTile {
  const residual = new Float32Array(3 * width * height);
  return { tile, source, residual, width, height, copied, flat: false };
}
