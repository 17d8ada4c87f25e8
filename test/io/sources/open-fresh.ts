/** Opens a photograph for a test: reads its header and opens it by that, as a run does. */
import {
  openPhotograph,
  type PhotographOptions,
  type PhotographSource,
  readPhotographHeader,
} from "../../../src/io/sources/photograph.ts";

export type FreshOptions = PhotographOptions & { readonly maxPixels: number };

/** The caller closes the source. */
export async function openFresh(
  path: string,
  { maxPixels, ...options }: FreshOptions,
): Promise<PhotographSource> {
  return openPhotograph(path, await readPhotographHeader(path, { maxPixels }), options);
}
