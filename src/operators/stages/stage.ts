/**
 * In goes one asynchronous call for one tile, out comes its answer as an Observable that can be cancelled,
 * cannot hang, and whose failure names the tile. Every operator that waits for something waits here.
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

/** How long a stage may take. */
export interface StageOptions {
  /** Seconds until the call counts as hanging. */
  readonly timeout: number;
}

/**
 * Call once per subscription and emit the answer.
 *
 * **Warning**: an answer can arrive when nobody waits any more. What it holds goes to `discard`, or leaks.
 *
 *     stage("decode", tile, (signal) => source.read(tile.read, { signal }), { timeout: 60 })
 *
 * @throws TileError with the stage and what the tile reads, `cause` kept (a TileError passes as it is); with
 * cause StageTimeoutError if there is no answer in time, OutOfMemoryError if there was no room for one.
 * Unsubscribing aborts the signal and stays silent.
 */
export function stage<T>(
  name: StageName,
  tile: Tile,
  call: (signal: AbortSignal) => Promise<T>,
  { timeout: seconds, discard }: StageOptions & { readonly discard?: (late: T) => void },
): Observable<T> {
  return defer(() => {
    const abort = new AbortController();
    // An async function, so that what `call` throws at once is a rejection like any other.
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
        // A rejection after this is the abort, or has been reported.
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

/** V8, ONNX Runtime, C++ and WebAssembly each have words of their own for it. */
function isOutOfMemory(error: unknown): error is Error {
  const words =
    /out of memory|allocation failed|failed to allocate|bad.?alloc|alloc_failed|\boom\b|cannot enlarge memory/i;
  return error instanceof Error && !isDeblurError(error) && words.test(error.message);
}
