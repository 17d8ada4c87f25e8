/** Replaces a failed tile by the unchanged tile, under the policy "copy". */
import { catchError, mergeMap, type OperatorFunction, of, throwError } from "rxjs";
import { isDeblurError, TileError } from "../../errors.ts";
import type { DecodedTile, RestoredTile, TileErrorPolicy } from "./tile.ts";

/**
 * Run `stages`. Under the policy "copy", a tile that fails is emitted with residual 0 and the error in `copied`.
 *
 * DecodedTile → RestoredTile.
 *
 * **Warning**: under "copy" parts of the output may be as blurry as the input; report this to the user.
 *
 *     copyFailed("copy", pipe(estimateKernels(engine, options), decodeFlow(engine, options), deconvolve(engine, options), deblur(engine, options)))
 *
 * @throws the errors of the stages under "fail"; under "copy" only errors that concern more than the tile, such as
 *   a lost engine.
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
