/** Exports the tasks of a pool thread by name, one line for each module that defines some (see `poolTask`). */
export { encodeTiffTile } from "./io/formats/tiff/write/encode-tile.ts";
export { halveTiffTiles } from "./io/formats/tiff/write/halve-tiles.ts";
export { readRows } from "./io/formats/tiff/write/read-rows.ts";
export { storeRows } from "./io/formats/tiff/write/store-rows.ts";
export { convertTile } from "./io/sources/convert-tile.ts";
export { checkTileFile, readTileFiles, storeTileFile } from "./io/store/tile-tasks.ts";
export {
  alignImages,
  baselineTile,
  compareBand,
  developBlock,
  laplacianBand,
  meanSquareOf,
} from "./tools/evaluate/evaluation-tasks.ts";
export { reblurTile } from "./tools/evaluate/reblur-tile.ts";
export { makeImagePair } from "./tools/pairs/make-image-pair.ts";
export { synthesizePair } from "./tools/train/make-pair.ts";
export { makeKernelBatch, makePairBatch } from "./tools/train/training-batches.ts";
