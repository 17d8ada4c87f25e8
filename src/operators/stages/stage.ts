/**
 * Turns one asynchronous call for one tile into an Observable that can be cancelled, times out, and names the tile
 * in its errors. Every operator that awaits something does it here.
 */
import { catchError, defer, finalize, from, type Observable, tap, throwError, timeout } from "rxjs";
import {
  isDeblurError,
  OutOfMemoryError,
  type StageName,
  StageTimeoutError,
  TileError,
} from "../../errors.ts";
import type { Tile } from "./tile.ts";

/** Time limit of a stage. */
export interface StageOptions {
  /** Seconds until the call counts as hanging. */
  readonly timeout: number;
}

/** Time limit of a stage, and the size of the tile on the device. */
export interface ScaledStageOptions extends StageOptions {
  /** The tile on the device is reduced by this factor. Default 1. */
  readonly scale?: number;
}

/**
 * Call once per subscription and emit the result.
 *
 * **Warning**: a result may arrive after an unsubscribe. It goes to `discard`; without `discard` its tensors leak.
 *
 *     stage("decode", tile, (signal) => source.read(tile.read, { signal }), { timeout: 60 })
 *
 * @throws TileError with the stage, the tile's rectangle and the `cause` (a TileError is rethrown unchanged). The
 *   cause is StageTimeoutError after a timeout, OutOfMemoryError if memory was insufficient. Unsubscribing aborts
 *   the signal without an error.
 */
export function stage<T>(
  name: StageName,
  tile: Tile,
  call: (signal: AbortSignal) => Promise<T>,
  { timeout: seconds, discard }: StageOptions & { readonly discard?: (late: T) => void },
): Observable<T> {
  return defer(() => {
    const abort = new AbortController();
    // An async function turns a synchronous error of `call` into a rejection.
    const answer = (async () => call(abort.signal))();
    let delivered = false;
    return from(answer).pipe(
      tap(() => {
        delivered = true;
      }),
      timeout({
        first: seconds * 1000,
        with: () => throwError(() => new StageTimeoutError(seconds)),
      }),
      catchError((cause: unknown) => throwError(() => asTileError(cause, name, tile))),
      finalize(() => {
        if (delivered) return;
        abort.abort();
        // A later rejection is the abort itself, or has been reported already.
        answer.then(discard, () => {});
      }),
    );
  });
}

function asTileError(error: unknown, name: StageName, tile: Tile): unknown {
  if (isDeblurError(error, "TileError")) return error;
  const cause = isOutOfMemory(error)
    ? new OutOfMemoryError(error.message, { cause: error })
    : error;
  const problem = cause instanceof Error ? cause.message : String(cause);
  return new TileError(tile.read, name, problem, { cause });
}

/** V8, ONNX Runtime, C++ and WebAssembly report it with different messages. */
function isOutOfMemory(error: unknown): error is Error {
  const messages =
    /out of memory|allocation failed|failed to allocate|bad.?alloc|alloc_failed|\boom\b|cannot enlarge memory/i;
  return error instanceof Error && !isDeblurError(error) && messages.test(error.message);
}
