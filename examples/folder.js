/**
 * All pictures of a folder, one after the other, with a line for each; one that fails does not keep the others.
 *
 *   node examples/folder.js PHOTOS RESTORED
 */
import { deblurFiles } from "rx-deblur";

const [photos, restored] = process.argv.slice(2);

const { done, failed } = await deblurFiles(
  [photos],
  restored,
  { tile: 512, quality: 90 },
  {
    onFound: ({ images }) => console.log(`${images.length} pictures`),
    onDone: ({ output, width, height }) => console.log(`${output}: ${width}×${height}`),
    onFailed: ({ input, error }) => console.log(`${input}: ${error.message}`),
  },
);
console.log(`${done.length} restored, ${failed.length} failed`);
