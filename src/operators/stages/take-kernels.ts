/** Downloads the kernels of a tile, for tiles that are not restored. */
import { map, mergeMap, type OperatorFunction } from "rxjs";
import type { Engine } from "../../model/engine.ts";
import { hold } from "./hold.ts";
import { type StageOptions, stage } from "./stage.ts";
import type { KernelTile, Tile } from "./tile.ts";

/** All kernels of a tile, in main memory. */
export interface TakenKernels {
  readonly tile: Tile;
  /**
   * [k², rows, columns] of cells, as decoded. Cell (column, row) begins at pixel tile.read.x + column · stride,
   * tile.read.y + row · stride of the image. The last cells may be outside the image, in the tile's padding.
   */
  readonly kernels: Float32Array<ArrayBuffer>;
  readonly rows: number;
  readonly columns: number;
}

/**
 * Download the kernel field of a tile.
 *
 * KernelTile, whose tensors are released → TakenKernels.
 *
 * **Warning**: 24 MB for a tile of 512² at kernel stride 4, 380 MB at stride 1.
 *
 *     of(kernelTile).pipe(takeKernels(engine, { timeout: 60 }))
 *
 * @throws TileError at stage decode-flow; no tensor of the tile stays on the engine.
 */
export function takeKernels(
  engine: Engine,
  { timeout }: StageOptions,
): OperatorFunction<KernelTile, TakenKernels> {
  return mergeMap(({ tile, image, kernels, sigma }) => {
    const [, , rows, columns] = kernels.shape;
    return stage("decode-flow", tile, () => engine.download(kernels), { timeout }).pipe(
      hold(engine, { consumes: [image, kernels, sigma] }),
      map((values) => ({ tile, kernels: values, rows, columns })),
    );
  });
}
